"""Users of the console: hashed passwords, roles, one tenant each."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from suggest.errors import InvalidRecord
from suggest.review.console.config import ROLES, Role
from suggest.review.console.store import open_store, sessions, users

MIN_PASSWORD = 10
_MAX_PASSWORD = 200
_MAX_NAME = 100
_AT_ONCE = threading.Semaphore(2)
"""A hash takes 64 MiB on purpose; more at a time would let strangers fill the memory."""


@dataclass(frozen=True)
class User:
    """A person who may come in."""

    name: str
    role: Role
    tenant: str
    active: bool = True
    has_password: bool = True

    def may(self, role: Role) -> bool:
        """Tell whether this user has the rights of ``role``."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Accounts:
    """Adds, changes and recognises users."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex())

    def add(self, name: str, role: str, tenant: str, password: str | None) -> User:
        """Add a user; without a password only a trusted proxy lets them in. Raises InvalidRecord."""
        known = _name(name)
        chosen = _role(role)
        if not tenant.strip() or len(tenant) > 200:
            raise InvalidRecord(f"tenant: expected 1 to 200 characters (given {tenant[:40]!r})")
        hashed = None if password is None else self._hash(password)
        values = {
            "name": known,
            "role": chosen,
            "tenant": tenant.strip(),
            "password_hash": hashed,
            "active": 1,
            "created_at": time.time(),
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(users).values(**values))
        except IntegrityError as error:
            raise InvalidRecord(f"user {known!r} exists already; choose another name") from error
        return User(known, chosen, tenant.strip(), has_password=hashed is not None)

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password and end their sessions."""
        self._change(name, password_hash=self._hash(password))

    def set_role(self, name: str, role: str) -> None:
        """Give a user another role and end their sessions."""
        self._change(name, role=_role(role))

    def set_active(self, name: str, active: bool) -> None:
        """Let a user in, or keep them out from now on."""
        self._change(name, active=int(active))

    def new_token(self, name: str) -> str:
        """Make a token for the JSON endpoints; an earlier one stops working. It is shown only once."""
        token = f"suggest_{secrets.token_urlsafe(32)}"
        self._change(name, token_hash=digest(token))
        return token

    def all(self, tenant: str | None = None) -> list[User]:
        """Return the users (of ``tenant``), by name."""
        query = select(users).order_by(users.c.name)
        if tenant is not None:
            query = query.where(users.c.tenant == tenant)
        with self._engine.connect() as connection:
            return [_user(row) for row in connection.execute(query)]

    def find(self, name: str) -> User | None:
        """Return the active user ``name``."""
        query = select(users).where(users.c.name == name, users.c.active == 1)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _user(row)

    def check(self, name: str, password: str) -> User | None:
        """Return the user when the password is right. Takes as long for names that do not exist."""
        query = select(users).where(users.c.name == name.strip())
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        usable = row is not None and row.active == 1 and row.password_hash is not None
        kept = row.password_hash if row is not None and usable else self._nobody
        try:
            with _AT_ONCE:
                right = self._hasher.verify(kept, password[:_MAX_PASSWORD])
        except (VerificationError, InvalidHashError):
            return None
        return _user(row) if row is not None and right and usable else None

    def by_token(self, token: str) -> User | None:
        """Return the active user whom an API token belongs to."""
        query = select(users).where(users.c.token_hash == digest(token), users.c.active == 1)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _user(row)

    def _hash(self, password: str) -> str:
        if not MIN_PASSWORD <= len(password) <= _MAX_PASSWORD:
            raise InvalidRecord(
                f"password: expected {MIN_PASSWORD} to {_MAX_PASSWORD} characters (given {len(password)})"
            )
        with _AT_ONCE:
            return self._hasher.hash(password)

    def _change(self, name: str, **values: object) -> None:
        with self._engine.begin() as connection:
            changed = connection.execute(update(users).where(users.c.name == name).values(**values))
            connection.execute(sessions.delete().where(sessions.c.user == name))
        if changed.rowcount == 0:
            raise InvalidRecord(f"there is no user {name[:40]!r}; 'suggest users list' shows all")


def open_accounts(folder: str | Path) -> Accounts:
    """Return the users of the console of the knowledge base in ``folder``."""
    return Accounts(open_store(Path(folder)))


def digest(token: str) -> str:
    """Return what is kept of a token: tokens are random, so that a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _name(name: str) -> str:
    known = name.strip()
    if not 1 <= len(known) <= _MAX_NAME or not known.isprintable():
        raise InvalidRecord(
            f"user name: expected 1 to {_MAX_NAME} printable characters (given {name[:40]!r})"
        )
    return known


def _role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise InvalidRecord(f"role: expected one of {', '.join(ROLES)} (given {role[:40]!r})")


def _user(row: Row[Any]) -> User:
    values = row._mapping
    return User(
        values["name"],
        _role(values["role"]),
        values["tenant"],
        active=bool(values["active"]),
        has_password=values["password_hash"] is not None,
    )
