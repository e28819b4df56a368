"""How the console is run: where it listens, who may come in, how long a session lasts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Literal

from suggest.errors import SettingsError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

Role = Literal["agent", "supervisor", "admin"]
ROLES: tuple[Role, ...] = ("agent", "supervisor", "admin")
"""From the fewest rights to the most; each has all rights of those before it."""


@dataclass(frozen=True)
class ConsoleConfig:
    """What the person who starts the console decides."""

    host: str = "127.0.0.1"
    port: int = 8400
    allowed_hosts: tuple[str, ...] = ()
    """Further names that browsers may use for this server, without port."""
    local_user: str = "local"
    """Who reviews when no login is required."""
    local_tenant: str = "default"
    """Whose inquiries are reviewed when no login is required."""
    require_login: bool = False
    """Ask for a login on loopback as well."""
    trusted_header: str | None = None
    """Header in which a proxy names the user; read only from ``trusted_proxies``."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    https: bool = False
    """Whether browsers reach the console over HTTPS: cookies are then sent over HTTPS only."""
    idle_seconds: int = 60 * 60
    """A session ends after so long without a request …"""
    session_seconds: int = 12 * 60 * 60
    """… and in any case after so long."""
    login_failures: int = 5
    """So many failed logins of one name from one address are allowed in ``login_window`` seconds."""
    login_window: int = 15 * 60
    max_body: int = 1_000_000
    """Bytes of a request, other than an upload."""
    max_upload: int = 20_000_000
    """Bytes of an uploaded file."""
    claim_seconds: int = 600
    """How long an opened inquiry is held for a reviewer."""
    trusted: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = field(init=False)

    def __post_init__(self) -> None:
        try:
            networks = tuple(ipaddress.ip_network(item) for item in self.trusted_proxies)
        except ValueError as error:
            raise SettingsError(
                f"trusted proxy: {error}; give an address or a network such as 10.0.0.0/24"
            ) from error
        object.__setattr__(self, "trusted", networks)
        if self.host in ("0.0.0.0", "::") and not self.allowed_hosts:  # noqa: S104 - refused, not bound
            raise SettingsError(
                f"host {self.host}: browsers name the server by another name than this; say which with "
                "--allow-host NAME"
            )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the console."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def hosts(self) -> frozenset[str]:
        """The names under which the console answers, in lower case and without port."""
        own = f"[{self.host}]" if ":" in self.host else self.host
        names = {own, *self.allowed_hosts}
        if self.loopback:
            names.update(LOOPBACK_NAMES)
        return frozenset(name.lower() for name in names)

    def trusts(self, address: str | None) -> bool:
        """Tell whether ``address`` is a proxy whose header is believed."""
        try:
            peer = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        return any(peer in network for network in self.trusted)
