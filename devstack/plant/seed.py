"""Tells Supabase what stands on the floor: cost centres, assets and shift targets, through the Data API.

Seeding twice changes nothing; seeding a changed plant updates it. Assets that are not mapped are left out:
that nobody entered them is what they are for.
"""

from dataclasses import dataclass
from typing import Any

import httpx

from devstack.patience import ENDS_S
from devstack.plant.model import Break, Plant, ShiftTarget
from plantpulse.plant.text import normalise_key

VALID_FROM = "2026-01-01"

Record = dict[str, Any]


@dataclass(frozen=True)
class Seeded:
    """How many rows of the plant model stand in Supabase now."""

    cost_centers: int
    assets: int
    shift_targets: int


def seed_supabase(url: str, key: str, plant: Plant) -> Seeded:
    """Write the plant model into the project at `url` (without /rest/v1), with a secret or service key.

    Raises: httpx.HTTPStatusError: Supabase refused a row or the key.
    """
    with httpx.Client(base_url=f"{url.rstrip('/')}/rest/v1", headers=_headers(key), timeout=ENDS_S) as client:
        centers = _upsert(client, "cost_centers", "plant,name", _cost_centers(plant))
        center_ids = {center["name"]: center["id"] for center in centers}
        assets = _upsert(client, "assets", "plant,name_key", _assets(plant, center_ids))
        asset_ids = {asset["source_name"]: asset["id"] for asset in assets}
        targets = _upsert(
            client, "shift_targets", "asset_id,shift_name,valid_from", _shift_targets(plant, asset_ids)
        )
    return Seeded(len(centers), len(assets), len(targets))


def _headers(key: str) -> dict[str, str]:
    """New keys go into `apikey` alone; a legacy key is a token and must be presented as one, too."""
    headers = {"apikey": key, "Prefer": "resolution=merge-duplicates,return=representation"}
    return headers if key.startswith("sb_") else {**headers, "Authorization": f"Bearer {key}"}


def _upsert(client: httpx.Client, table: str, unique: str, records: list[Record]) -> list[Record]:
    response = client.post(f"/{table}", params={"on_conflict": unique}, json=records)
    response.raise_for_status()
    rows: list[Record] = response.json()
    return rows


def _cost_centers(plant: Plant) -> list[Record]:
    return [
        {
            "plant": plant.key,
            "name": center.name,
            "standard_hourly_rate": center.standard_hourly_rate,
            "scrap_unit_cost": center.scrap_unit_cost,
        }
        for center in plant.cost_centers
    ]


def _assets(plant: Plant, center_ids: dict[str, int]) -> list[Record]:
    return [
        {
            "plant": plant.key,
            "name": asset.name,
            "source_name": asset.source_name,
            "name_key": normalise_key(asset.source_name),
            "area": asset.area.name,
            "cost_center_id": center_ids[asset.area.cost_center.name],
            "ideal_units_per_hour": asset.ideal_units_per_hour,
            "is_active": True,
            "is_mapped": True,
        }
        for asset in plant.mapped_assets
    ]


def _shift_targets(plant: Plant, asset_ids: dict[str, int]) -> list[Record]:
    return [
        _shift_target(asset_ids[asset.source_name], target)
        for asset in plant.mapped_assets
        for target in asset.targets
    ]


def _shift_target(asset_id: int, target: ShiftTarget) -> Record:
    return {
        "asset_id": asset_id,
        "shift_name": target.shift.name,
        "starts_at": f"{target.shift.starts_at:%H:%M}",
        "ends_at": f"{target.shift.ends_at:%H:%M}",
        "days_of_week": list(target.shift.days_of_week),
        "valid_from": VALID_FROM,
        "target_output": target.target_output,
        "breaks": [_break(pause) for pause in target.shift.breaks],
    }


def _break(pause: Break) -> Record:
    return {"starts_at": f"{pause.starts_at:%H:%M}", "ends_at": f"{pause.ends_at:%H:%M}"}
