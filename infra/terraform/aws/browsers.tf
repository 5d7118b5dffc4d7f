# The functions for browsers: the same code as the closed ones, behind a URL that asks nobody who they are, because a
# browser cannot sign for AWS. They ask for the token of a Supabase user, and take no events (entry/callers.py).
resource "aws_lambda_function_url" "open" {
  #checkov:skip=CKV_AWS_258:The function verifies each caller's token against the Supabase project's keys
  for_each = local.open

  function_name      = aws_lambda_function.this[each.key].function_name
  authorization_type = "NONE"
}

# A URL needs both. Source: docs.aws.amazon.com/lambda/latest/dg/urls-auth.html.
resource "aws_lambda_permission" "open" {
  #checkov:skip=CKV_AWS_301:The function verifies each caller's token against the Supabase project's keys
  for_each = { for pair in setproduct(keys(local.open), ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]) : join(" ", pair) => { function = pair[0], action = pair[1] } }

  function_name          = aws_lambda_function.this[each.value.function].function_name
  action                 = each.value.action
  principal              = "*"
  function_url_auth_type = each.value.action == "lambda:InvokeFunctionUrl" ? "NONE" : null

  depends_on = [aws_lambda_function_url.open]
}
