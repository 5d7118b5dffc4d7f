"""Where bundles run: what differs between the clouds, and which Python they have.

The Python version is in functions/python-version, which Terraform reads too.
Source of the limits: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

REPOSITORY: Final = Path(__file__).parents[1]
FUNCTIONS: Final = REPOSITORY / "functions"

Architecture = Literal["x86_64", "arm64"]
Cloud = Literal["gcp", "aws"]

# zoneinfo finds it without an import statement.
NEEDED_BY_ALL: Final = frozenset({"tzdata"})
# What each cloud's way in is served by; Lambda's runtime brings its own, and the AWS SDK with it.
SERVED_BY: Final = {"gcp": frozenset({"functions-framework"}), "aws": frozenset[str]()}
# boto3 is imported only where a secret is named by its ARN: Lambda's runtime has it, and Google Cloud has no
# ARNs. PyYAML reads plantpulse.yaml: a bundle carries its settings as JSON.
LEFT_OUT: Final = frozenset({"boto3", "botocore", "pyyaml"})
# Only a channel of the kind `apprise` needs these (decision 0080).
FOR_APPRISE: Final = frozenset({"apprise", "requests"})

MOST_ZIPPED_BYTES: Final = 50 * 1024 * 1024
MOST_UNZIPPED_BYTES: Final = 250 * 1024 * 1024

# The machine in an ELF header, and the platform in uv's words. Lambda's Python 3.13 stands on Amazon Linux
# 2023 with glibc 2.34, which runs every manylinux_2_28 wheel.
ELF_MACHINE: Final = {"x86_64": 62, "arm64": 183}
PLATFORM: Final = {"x86_64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}


@dataclass(frozen=True)
class Lambda:
    """One kind of Lambda: its processor and the Python version of its runtime."""

    architecture: Architecture
    python: str


def python_version() -> str:
    """Return the Python version that functions run on, such as 3.13."""
    return (FUNCTIONS / "python-version").read_text(encoding="utf-8").strip()


def function_names() -> list[str]:
    """Return the names of the functions: each is a folder with a main.py."""
    return sorted(main.parent.name for main in FUNCTIONS.glob("*/main.py"))


def distributions_for(
    cloud: Cloud, imported: Collection[str], *, has_apprise: bool = False
) -> frozenset[str]:
    """Return the distributions that go into a bundle whose code imports these.

    `has_apprise` says that its settings have a channel which Apprise sends through.
    """
    unused = LEFT_OUT if has_apprise else LEFT_OUT | FOR_APPRISE
    return (frozenset(imported) | NEEDED_BY_ALL | SERVED_BY[cloud]) - unused
