"""The settings that travel with a bundle: plantpulse.yaml and the files that it names.

They are read by the functions' own code before and after they are laid into the bundle, so what a
function would refuse is refused here, in the same words.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bundle.refusal import BundleRefused
from plantpulse.errors import ConfigurationError
from plantpulse.settings import Settings, config
from plantpulse.settings.secret_variables import password_variable
from plantpulse.source.query_files import load_queries
from plantpulse.source.trust import read_certificates

# Stands for each password, which only the cloud knows: a SQL Server without one would not be looked at.
_UNKNOWN: Final = "not known yet"


def check(file: Path) -> Settings:
    """Returns the settings that a function would read. Raises: BundleRefused in the functions' own words."""
    environ = {config.CONFIG_FILE_VARIABLE: str(file)}
    try:
        plants = config.load(environ).plants
        settings = config.load(environ | {password_variable(plant): _UNKNOWN for plant in plants})
        for plant in settings.plants.values():
            load_queries(plant.queries_dir)
            if plant.sql_server and plant.sql_server.ca_file:
                read_certificates(plant.sql_server.ca_file)
    except ConfigurationError as error:
        raise BundleRefused(str(error)) from error
    return settings


def carry(file: Path, bundle: Path) -> None:
    """Copies plantpulse.yaml and what it names to the root of a bundle that holds its code already.

    Raises: BundleRefused.
    """
    taken = {path.name for path in bundle.iterdir()}
    shutil.copyfile(file, bundle / config.FILE_NAME)
    for named in _named_files(check(file)):
        place = _place_below(named, file.parent)
        if place.parts[0] in taken:
            raise BundleRefused(
                f"{place}: the functions' code has something of that name; choose another one"
            )
        (bundle / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(named, bundle / place)
    for named in _named_files(check(bundle / config.FILE_NAME)):
        _place_below(named, bundle)


def _named_files(settings: Settings) -> Iterator[Path]:
    for plant in settings.plants.values():
        if plant.queries_dir:
            yield from sorted(plant.queries_dir.glob("*.sql"))
        if plant.sql_server and plant.sql_server.ca_file:
            yield plant.sql_server.ca_file


def _place_below(named: Path, folder: Path) -> Path:
    if not named.resolve().is_relative_to(folder.resolve()):
        raise BundleRefused(
            f"{named}: queries_dir and ca_file must lie below the folder of {config.FILE_NAME}"
            " and be named from there, to travel with it"
        )
    return named.resolve().relative_to(folder.resolve())
