"""A hundred and more plants in one deployment: a schedule each, and nothing of a function grows with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle import deployment
from tests.infra.conftest import Terraform

PLANTS = 120  # a thousand were planned by hand (docs/decisions/0053)
_PLANT = """\
  plant_{number}:
    time_zone: Europe/Berlin
    sql_server: {{host: sql-{number}.example, user: reader, database: mes}}
"""
_SCHEDULES = 2 * PLANTS + 2
_QUOTA = {"aws": "", "gcp": "vcpu_quota = 80"}  # what Google has to be asked for
_OF_PLANTS = 'startswith(name, "live_pulse-") || startswith(name, "morning_report-")'
_ASSERTIONS = {
    "aws": f"""
  assert {{
    condition     = length(aws_scheduler_schedule.this) == {_SCHEDULES}
    error_message = "Each plant and pipeline is called by itself."
  }}

  assert {{
    condition = alltrue([for function in aws_lambda_function.this :
      sum([for name, value in function.environment[0].variables : length(name) + length(value)]) < 4096
    ])
    error_message = "Lambda's environment holds 4 KB."
  }}

  assert {{
    condition = alltrue([
      for role in concat(values(aws_iam_role_policy.function), aws_iam_role_policy.scheduler) :
      length(role.policy) < 10240
    ])
    error_message = "A role's inline policies hold 10,240 characters."
  }}

  assert {{
    condition = alltrue([for name, schedule in aws_scheduler_schedule.this :
      schedule.flexible_time_window[0].mode == ({_OF_PLANTS} ? "FLEXIBLE" : "OFF")
      && schedule.flexible_time_window[0].maximum_window_in_minutes == ({_OF_PLANTS} ? 1 : null)
    ])
    error_message = "Polls and reports of many plants are spread over a minute, and nothing else is."
  }}
""",
    "gcp": f"""
  assert {{
    condition     = length(google_cloud_scheduler_job.this) == {_SCHEDULES}
    error_message = "Each plant and pipeline is called by itself."
  }}

  assert {{
    condition     = length(google_secret_manager_secret_iam_member.reader) == 6
    error_message = "Plants bring no secrets and no grants of their own."
  }}

  assert {{
    condition = alltrue([for name, job in google_cloud_scheduler_job.this :
      contains(keys(job.http_target[0].headers), "X-Plantpulse-Delay-S") == ({_OF_PLANTS})
    ])
    error_message = "Polls and reports of many plants wait some seconds each, and nothing else does."
  }}

  assert {{
    condition = length(toset([for name, job in google_cloud_scheduler_job.this :
      job.http_target[0].headers["X-Plantpulse-Delay-S"] if startswith(name, "live_pulse-")
    ])) == 20
    error_message = "The waits differ."
  }}
""",
}


@pytest.fixture
def folder_of_tests(request: pytest.FixtureRequest, terraform: Terraform) -> Iterator[Path]:
    """The tests of a root in this process's copy, as they were when the test is over."""
    folder = terraform.folder / request.param / "tests"
    yield folder
    for path in folder.glob("many_plants.*"):
        path.unlink()


@pytest.mark.parametrize("folder_of_tests", ["aws", "gcp"], indirect=True)
def test_many_plants_are_one_deployment(folder_of_tests: Path, terraform: Terraform) -> None:
    cloud = folder_of_tests.parent.name
    settings = "plants:\n" + "".join(_PLANT.format(number=one) for one in range(PLANTS))
    (folder_of_tests / "many_plants.yaml").write_text(settings, encoding="utf-8")
    deployment.write(folder_of_tests / "many_plants.yaml", folder_of_tests / "many_plants.json")
    passwords = "".join(f'MSSQL_PASSWORD__PLANT_{one} = "of {one}"\n' for one in range(PLANTS))
    mocks = (folder_of_tests / "deployment.tftest.hcl").read_text(encoding="utf-8").partition("\nrun ")[0]
    run = f"""
run "many_plants" {{
  command = apply

  variables {{
    config_file     = "tests/many_plants.yaml"
    deployment_file = "tests/many_plants.json"
    {_QUOTA[cloud]}
    secrets = {{
      SUPABASE_SECRET_KEY = "x"
      {passwords}
    }}
  }}
  {_ASSERTIONS[cloud]}
}}
"""
    (folder_of_tests / "many_plants.tftest.hcl").write_text(mocks + run, encoding="utf-8")

    done = terraform.run_prepared(cloud, "test", "-no-color", "-filter=tests/many_plants.tftest.hcl")

    assert "1 passed, 0 failed" in done.stdout, (done.stdout + done.stderr)[-2000:]


@pytest.mark.parametrize("folder_of_tests", ["aws"], indirect=True)
def test_a_thousand_plants_are_counted_without_a_filter_for_each(
    folder_of_tests: Path, terraform: Terraform
) -> None:
    settings = "plants:\n" + "".join(f"  p{one}: {{time_zone: UTC}}\n" for one in range(1000))
    (folder_of_tests / "many_plants.yaml").write_text(settings, encoding="utf-8")
    deployment.write(folder_of_tests / "many_plants.yaml", folder_of_tests / "many_plants.json")
    mocks = (folder_of_tests / "deployment.tftest.hcl").read_text(encoding="utf-8").partition("\nrun ")[0]
    run = """
run "many_plants" {
  command = plan

  plan_options {
    target = [aws_cloudwatch_log_metric_filter.this]
  }

  variables {
    config_file     = "tests/many_plants.yaml"
    deployment_file = "tests/many_plants.json"
  }

  assert {
    condition = alltrue([for filter in aws_cloudwatch_log_metric_filter.this :
      filter.metric_transformation[0].dimensions == null
    ]) && length(aws_cloudwatch_log_metric_filter.this) == 6
    error_message = "CloudWatch may disable a filter that counts by plant."
  }
}
"""
    (folder_of_tests / "many_plants.tftest.hcl").write_text(mocks + run, encoding="utf-8")

    done = terraform.run_prepared("aws", "test", "-no-color", "-filter=tests/many_plants.tftest.hcl")

    assert "1 passed, 0 failed" in done.stdout, (done.stdout + done.stderr)[-2000:]
