"""`make bundle`: writes deployment.json, builds the bundles of its functions, and lists them."""

import argparse
import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from bundle import deployment
from bundle.build import BUNDLES, Built, build_for_google, build_for_lambda
from bundle.refusal import BundleRefused
from bundle.targets import Architecture, Cloud, Lambda, python_version


def main(arguments: Sequence[str]) -> int:
    """Build what the arguments ask for; return the exit status."""
    asked = _parser().parse_args(arguments)
    clouds = (asked.cloud,) if asked.cloud else get_args(Cloud)
    target = Lambda(asked.architecture, python_version())
    try:
        deployed = deployment.write(asked.config, asked.out.parent / deployment.FILE_NAME)
        functions = () if asked.deployment_only else asked.functions or deployed
        for built in _build_all(functions, clouds, asked.config, target, asked.out):
            print(_told(built, asked.out), flush=True)
    except BundleRefused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bundle", description=__doc__)
    parser.add_argument(
        "functions",
        nargs="*",
        metavar="function",
        help="those that the settings deploy, unless some are named",
    )
    parser.add_argument("--config", type=Path, default=Path("plantpulse.yaml"), help="the settings to carry")
    parser.add_argument("--cloud", choices=get_args(Cloud), help="for this cloud alone")
    parser.add_argument(
        "--architecture", choices=get_args(Architecture), default="x86_64", help="Lambda's processor"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=BUNDLES,
        help="the folder for gcp/ and aws/; deployment.json is written beside it",
    )
    parser.add_argument("--deployment-only", action="store_true", help="write deployment.json, build nothing")
    return parser


def _build_all(
    functions: Sequence[str], clouds: Sequence[Cloud], settings: Path, target: Lambda, out: Path
) -> Iterator[Built]:
    for function in functions:
        if "gcp" in clouds:
            yield build_for_google(function, settings, out)
        if "aws" in clouds:
            yield build_for_lambda(function, settings, target, out)


def _told(built: Built, out: Path) -> str:
    content = built.path.read_bytes()
    name = built.path.relative_to(out).as_posix()
    return f"{name:<36} {len(content) / 1e6:5.1f} MB  sha256 {hashlib.sha256(content).hexdigest()[:16]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
