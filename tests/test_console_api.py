from __future__ import annotations

from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error

from suggest import ReviewQueue

from .review_console import Visitor, guarded, item_of, local  # noqa: F401 - fixtures

API = "/api/v1"


def test_the_same_actions_as_json(local: tuple[Visitor, ReviewQueue]) -> None:
    visitor, queue = local
    client = visitor.client
    page = client.get(f"{API}/items", params={"lane": "review", "limit": 2}).json()
    assert page["total"] >= 1 and page["items"][0]["lane"] == "review"
    item_id = item_of(queue, "inq-0")
    path = f"{API}/items/{item_id}"
    assert client.get(path).json()["suggestion"]["draft"]["text"]
    assert client.post(f"{path}/claim", json={}).json()["reviewer"] == "sato"
    swapped = client.post(f"{path}/swap", json={"entry_id": "faq-invoice"}).json()
    assert swapped["version"] == 2
    stale = client.post(f"{path}/decisions", json={"action": "approve", "version": 1})
    assert (stale.status_code, stale.json()["error"]) == (409, "StaleVersion")
    done = client.post(
        f"{path}/decisions", json={"action": "edit", "version": 2, "text": "お返事です。"}
    ).json()
    assert (done["event"], done["after"], done["reviewer"]) == ("edit", "お返事です。", "sato")
    assert client.post(f"{path}/undo", json={}).json()["undoes"] == done["seq"]
    assert client.post(f"{path}/release", json={}).status_code == 204
    assert client.post(f"{API}/inquiries", json=[{"id": "n", "text": "領収書は？"}]).json()["imported"] == 1
    assert client.get(f"{API}/search", params={"q": "請求書"}).json()[0]["entry_id"]
    assert client.post(f"{API}/surveys", json=[{"inquiry_id": "inq-0", "score": 4}]).json() == {"count": 1}
    assert client.get(f"{API}/figures").json()["inquiries"] == 5
    assert client.get(f"{API}/verify").json() == {"ok": True, "problems": []}
    [edit, undo] = client.get(f"{API}/decisions").json()
    assert client.get(f"{API}/decisions", params={"after": edit["seq"]}).json() == [undo]
    gone = client.get(f"{API}/items/nothing")
    assert (gone.status_code, gone.json()["error"]) == (404, "UnknownItem")
    assert client.post(f"{path}/decisions", json={"action": "approve"}).status_code == 422


def test_items_are_withdrawn_and_brought_back(local: tuple[Visitor, ReviewQueue]) -> None:
    visitor, queue = local
    client = visitor.client
    ids = [item_of(queue, "inq-0"), item_of(queue, "inq-1")]
    [one, two] = client.post(f"{API}/withdrawals", json={"item_ids": ids, "reason": "trial"}).json()
    assert one["event"] == two["event"] == "withdraw"
    assert client.get(f"{API}/items").json()["total"] == queue.items(tenant="default").total == 2
    again = client.post(f"{API}/withdrawals", json={"item_ids": ids, "reason": "trial"})
    assert (again.status_code, again.json()["error"]) == (409, "AlreadyDecided")
    assert client.post(f"{API}/items/{ids[0]}/undo", json={}).json()["undoes"] == one["seq"]
    assert client.get(f"{API}/items").json()["total"] == 3


def test_tokens_open_the_endpoints(guarded: tuple[FastAPI, ReviewQueue]) -> None:
    app, queue = guarded
    token = app.state.parts.accounts.new_token("ando")
    client = Visitor(app).client
    assert client.get(f"{API}/items").status_code == 401
    assert client.get(f"{API}/items", headers={"authorization": "Bearer nonsense"}).status_code == 401
    allowed = {"authorization": f"Bearer {token}"}
    assert client.get(f"{API}/items", headers=allowed).json()["total"] == 4
    path = f"{API}/items/{item_of(queue, 'inq-1')}/decisions"
    done = client.post(path, json={"action": "reject", "version": 1}, headers=allowed).json()
    assert done["reviewer"] == "ando" and token not in str(done)
    assert client.get(f"{API}/figures", headers=allowed).status_code == 403
    assert client.get("/queue", headers=allowed).status_code == 303  # pages take no tokens


def test_no_input_breaks_the_endpoints(local: tuple[Visitor, ReviewQueue]) -> None:
    visitor, queue = local
    app = visitor.client.app
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers={"host": "localhost"})
    known = [item_of(queue, f"inq-{n}") for n in range(3)]
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 16
    for operation in operations:
        assert max(statuses_of(operation, known)) < 500, operation.label


def statuses_of(operation: Any, known: list[str]) -> set[int]:
    """Call one endpoint with values of all kinds, half of the time for an item that exists."""
    statuses: set[int] = set()

    @seed(20_260_401)
    @settings(max_examples=24, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(), item_id=st.sampled_from([*known, None, None, None]))
    def call(case: schemathesis.Case, item_id: str | None) -> None:
        if item_id and "item_id" in case.path_parameters:
            case.path_parameters["item_id"] = item_id
        response = case.call(headers={"host": "localhost"})
        case.validate_response(response, checks=[not_a_server_error])
        statuses.add(response.status_code)

    call()
    return statuses
