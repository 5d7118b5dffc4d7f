"""The settings that travel with a bundle: what plantpulse.yaml says, as JSON, and the files that it names.

They are checked here, by the models and in their words, so that a function need not do it at each cold start.
"""

import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from bundle.refusal import BundleRefused
from plantpulse.dashboard.service import CONFIG
from plantpulse.dashboard.site import INDEX
from plantpulse.deployment.dashboard import DASHBOARD
from plantpulse.errors import ConfigurationError
from plantpulse.settings import Settings, config
from plantpulse.settings.carried import FILE_NAME, document_of
from plantpulse.settings.secret_variables import password_variable
from plantpulse.settings.tree import Tree, mapping
from plantpulse.settings.validation import as_tree
from plantpulse.source.query_files import load_queries
from plantpulse.source.trust import read_certificates

# Stands for each password, which only the cloud knows: a SQL Server without one would not be looked at.
_UNKNOWN: Final = "not known yet"


def check(file: Path) -> Settings:
    """Return the settings that a function would read. Raises: BundleRefused in the functions' own words."""
    environ = {config.CONFIG_FILE_VARIABLE: str(file)}
    try:
        plants = mapping(config.read_tree(file), "plants") if file.is_file() else {}
        settings = config.load(environ | {password_variable(plant): _UNKNOWN for plant in plants})
        for plant in settings.plants.values():
            load_queries(plant.queries_dir)
            if plant.sql_server and plant.sql_server.ca_file:
                read_certificates(plant.sql_server.ca_file)
        for name, channel in settings.channels.items():
            if channel.ca_file:
                read_certificates(channel.ca_file, f"channels.{name}.ca_file")
        for named in _named_files(settings):
            _place_below(named, file.parent)
    except ConfigurationError as error:
        raise BundleRefused(str(error)) from error
    return settings


def carry(file: Path, bundle: Path) -> None:
    """Write the settings and copy what they name to the root of a bundle that holds its code already.

    Raises: BundleRefused.
    """
    settings, taken = check(file), {path.name for path in bundle.iterdir()}
    for named in _named_files(settings):
        place = _place_below(named, file.parent)
        if place.parts[0] in taken:
            raise BundleRefused(
                f"{place}: the functions' code has something of that name; choose another one"
            )
        (bundle / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(named, bundle / place)
    document = document_of(
        _with_places(as_tree(settings), settings, file),
        _with_places(config.read_tree(file), settings, file),
        sha256(file.read_bytes()).hexdigest(),
    )
    (bundle / FILE_NAME).write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def carry_pages(pages: Path, bundle: Path) -> None:
    """Copy the built pages of the board into a bundle. Raises: BundleRefused."""
    if not (pages / INDEX).is_file():
        raise BundleRefused(f"{pages / INDEX} is not there: build the pages of the board by `make dashboard`")
    # What the pages are told of a project is said where they are served.
    shutil.copytree(pages, bundle / DASHBOARD, ignore=shutil.ignore_patterns(CONFIG, ".*"))


def _with_places(tree: Tree, settings: Settings, file: Path) -> Tree:
    """Return a tree whose paths start at the bundle's root."""
    for key, plant in settings.plants.items():
        server = plant.sql_server
        written = mapping(mapping(tree, "plants"), key)
        if plant.queries_dir:
            written["queries_dir"] = _place_below(plant.queries_dir, file.parent).as_posix()
        if server and server.ca_file:
            written["sql_server"]["ca_file"] = _place_below(server.ca_file, file.parent).as_posix()
    for name, channel in settings.channels.items():
        if channel.ca_file:
            tree["channels"][name]["ca_file"] = _place_below(channel.ca_file, file.parent).as_posix()
    return tree


def _named_files(settings: Settings) -> Iterator[Path]:
    for plant in settings.plants.values():
        if plant.queries_dir:
            yield from sorted(plant.queries_dir.glob("*.sql"))
    yield from _ca_files(settings)


def _ca_files(settings: Settings) -> Iterator[Path]:
    sections = (*(plant.sql_server for plant in settings.plants.values()), *settings.channels.values())
    yield from (section.ca_file for section in sections if section and section.ca_file)


def _place_below(named: Path, folder: Path) -> Path:
    if not named.resolve().is_relative_to(folder.resolve()):
        raise BundleRefused(
            f"{named}: queries_dir and ca_file must lie below the folder of {config.FILE_NAME},"
            " to travel with it"
        )
    return named.resolve().relative_to(folder.resolve())
