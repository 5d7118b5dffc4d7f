"""How a user is told to a server: encrypted for it, or not at all unless the address allows that."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from asyncua import ua
from asyncua.crypto import security_policies

from plantpulse.tags.drivers.opcua.refusals import NoSafeWay

# The best first. Basic128Rsa15 is left out: its padding can be attacked.
_ENCRYPTED: Final = tuple(
    policy.URI
    for policy in (
        security_policies.SecurityPolicyAes256Sha256RsaPss,
        security_policies.SecurityPolicyAes128Sha256RsaOaep,
        security_policies.SecurityPolicyBasic256Sha256,
        security_policies.SecurityPolicyBasic256,
    )
)
_OTHERWISE: Final = {
    False: ", or secure the channel (security=Basic256Sha256); or add ?security=none to the address, "
    "and the password is sent in plain text",
    True: ", or encrypt the channel (mode=SignAndEncrypt)",
}
_PLAIN: Final = (None, "", security_policies.SecurityPolicyNone.URI)


def choose_anonymous(policies: Sequence[ua.UserTokenPolicy]) -> ua.UserTokenPolicy | None:
    """Return how nobody in particular signs in. Raises: NoSafeWay."""
    for policy in policies:
        if policy.TokenType == ua.UserTokenType.Anonymous:
            return policy
    if policies:
        raise NoSafeWay("it lets in nobody without a user: name a secret in the group's credentials")
    return None


def choose_password(
    policies: Sequence[ua.UserTokenPolicy], channel: security_policies.SecurityPolicy, allows_plain: bool
) -> ua.UserTokenPolicy:
    """Return the safest way to send a user's password over a channel. Raises: NoSafeWay.

    In plain text it goes only over an encrypted channel, or over one without security if `allows_plain`.
    """
    is_secured = channel.Mode != ua.MessageSecurityMode.None_
    # A policy that is left out is the channel's (OPC 10000-4, 7.37).
    default = channel.URI if is_secured else None
    offered = [
        replace(policy, SecurityPolicyUri=policy.SecurityPolicyUri or default)
        for policy in policies
        if policy.TokenType == ua.UserTokenType.UserName
    ]
    if not offered:
        raise NoSafeWay("it lets in no user with a password: leave the group's credentials empty")
    if channel.peer_certificate is not None:
        for uri in _ENCRYPTED:
            for policy in offered:
                if policy.SecurityPolicyUri == uri:
                    return policy
    plain = [policy for policy in offered if policy.SecurityPolicyUri in _PLAIN]
    is_encrypted = channel.Mode == ua.MessageSecurityMode.SignAndEncrypt
    if plain and (is_encrypted or (allows_plain and not is_secured)):
        return plain[0]
    raise NoSafeWay(
        "it does not let us encrypt the password. Let the server encrypt passwords with Basic256Sha256"
        + (_OTHERWISE[is_secured] if plain else "")
    )
