"""The logins of devices (users, certificates): a group names one, and its row never has them.

They come from the variable TAG_CREDENTIALS, which on AWS may be a secret's ARN. No message, log or repr has
any part of them but the name.
"""

from collections.abc import Callable
from typing import Final

from plantpulse.errors import NotConfigured, one_line
from plantpulse.settings import Settings
from plantpulse.settings.secret_variables import TAG_CREDENTIALS
from plantpulse.settings.tags import logins_in
from plantpulse.tags.link import Credentials

LONGEST_NAME: Final = 80  # of it, in a message


def credentials_in(settings: Settings, plant: str) -> Callable[[str], Credentials]:
    """Return what finds credentials of a plant by their name: it never finds those of another plant.

    It raises NotConfigured naming what is missing. Only a single plant has those that name no plant.
    """
    secret = settings.tag_credentials
    is_only = len(settings.plants) <= 1

    def find(name: str) -> Credentials:
        logins = logins_in(secret.reveal()) if secret else {}
        known = {**(logins.get(None, {}) if is_only else {}), **logins.get(plant, {})}
        if (login := known.get(name)) is None:
            shown = one_line(name, LONGEST_NAME)
            example = f'{{"{shown}": {{"user": "...", "password": "..."}}}}'
            whose, example = ("", example) if is_only else (f" of {plant}", f'{{"{plant}": {example}}}')
            if name in known:
                raise NotConfigured(
                    f"the credentials {shown}{whose} are not complete: write them in {TAG_CREDENTIALS} as "
                    f"{example}"
                )
            raise NotConfigured(
                f"there are no credentials {shown}{whose}: add them to {TAG_CREDENTIALS}, {example}"
            )
        return Credentials(login.user, login.password, login.certificate, login.private_key)

    return find
