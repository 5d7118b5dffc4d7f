# A way out through an address that the plant's firewall can name: private subnets in two zones, one NAT
# gateway. Only the functions that read SQL Server or devices are in it, or all of them with
# network.all_functions.
locals {
  networks = var.network.static_address ? 1 : 0
  # Which functions are in the network, if there is one.
  joins = { for name, function in local.functions : name => function.joins_network || var.network.all_functions }

  zones = { for number, zone in slice(concat(coalesce(var.network.zones, try(data.aws_availability_zones.available[0].names, [])), ["", ""]), 0, 2) : number => zone if var.network.static_address }

  vpc = var.network.static_address ? [{
    subnet_ids         = toset([for subnet in aws_subnet.private : subnet.id])
    security_group_ids = toset([aws_security_group.function[0].id])
    }] : [for existing in [var.network.existing] : {
    subnet_ids         = existing.subnet_ids
    security_group_ids = existing.security_group_ids
  } if existing != null]
}

# In a network of yours nothing waits for Lambda's interfaces, so this does: they would stay there for good.
resource "time_sleep" "interfaces" {
  count = var.network.existing == null ? 0 : 1

  destroy_duration = "20m"

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.network]
}

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:The first two by name are taken; a zone that is added comes after them
  count = local.networks

  state = "available"

  # Lambda is not in use1-az3, and NAT gateways are not in apne1-az3. If AWS refuses another one, set
  # network.zones. Source: keboola/developer-portal, issue 81; sysdiglabs/terraform-aws-secure-for-cloud, pull
  # request 52.
  exclude_zone_ids = ["use1-az3", "apne1-az3"]

  # Local zones, whose names come first, have neither Lambda nor NAT gateways.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:Nothing listens in here and what goes out is the functions' own; flow logs cost more than the network
  count = local.networks

  cidr_block           = "10.8.0.0/24"
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# Nobody uses the default group; without rules it lets nothing through.
resource "aws_default_security_group" "this" {
  count = local.networks

  vpc_id = aws_vpc.this[0].id
}

resource "aws_security_group" "function" {
  count = local.networks

  name        = "${var.name}-function"
  description = "What the functions may reach: HTTPS and the plants SQL Servers"
  vpc_id      = aws_vpc.this[0].id

  lifecycle {
    create_before_destroy = true # the functions leave before it goes
  }

  # It goes when Lambda has removed its interfaces, and Lambda needs the right to do so until then.
  depends_on = [aws_iam_role_policy.network]
}

resource "aws_vpc_security_group_egress_rule" "function" {
  for_each = toset([for port in concat([443], module.plan.sql_server_ports, module.plan.channel_ports, module.plan.publisher_ports) : tostring(port) if var.network.static_address])

  security_group_id = aws_security_group.function[0].id
  description       = each.key == "443" ? "Supabase and AWS" : contains(module.plan.sql_server_ports, tonumber(each.key)) ? "SQL Server" : contains(module.plan.channel_ports, tonumber(each.key)) ? "Channels" : "Publishers of series"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
}

resource "aws_subnet" "private" {
  for_each = local.zones

  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.value
  cidr_block        = cidrsubnet(aws_vpc.this[0].cidr_block, 3, each.key)

  tags = { Name = "${var.name}-private-${each.key}" }

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [availability_zone] # a zone that AWS adds later moves nothing
  }

  depends_on = [aws_iam_role_policy.network]
}

resource "aws_subnet" "public" {
  count = local.networks

  vpc_id            = aws_vpc.this[0].id
  availability_zone = local.zones[0]
  cidr_block        = cidrsubnet(aws_vpc.this[0].cidr_block, 3, 7)

  tags = { Name = "${var.name}-public" }

  lifecycle {
    ignore_changes = [availability_zone]
  }
}

resource "aws_internet_gateway" "this" {
  count = local.networks

  vpc_id = aws_vpc.this[0].id
}

resource "aws_eip" "egress" {
  count = local.networks

  domain = "vpc"

  tags = { Name = "${var.name}-egress" } # what the plant's firewall sees plantpulse come from

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  count = local.networks

  allocation_id = aws_eip.egress[0].id
  subnet_id     = aws_subnet.public[0].id
}

resource "aws_route_table" "public" {
  count = local.networks

  vpc_id = aws_vpc.this[0].id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this[0].id
  }
}

resource "aws_route_table" "private" {
  count = local.networks

  vpc_id = aws_vpc.this[0].id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.this[0].id
  }
}

resource "aws_route_table_association" "public" {
  count = local.networks

  subnet_id      = aws_subnet.public[0].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_route_table_association" "private" {
  for_each = local.zones

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[0].id
}
