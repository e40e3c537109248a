"""Listings over pages: `entities` and the members that lead to the other pages."""

from sandbox.api.call import Call, Json


def page_of(entities: list[Json], call: Call, path: str) -> Json:
    """A listing with the paging members every listing has."""
    size, number = call.number("pageSize", 25), call.number("pageNumber", 1)
    pages = -(-len(entities) // size)
    body: Json = {
        "entities": entities[(number - 1) * size : number * size],
        "pageSize": size,
        "pageNumber": number,
        "total": len(entities),
        "firstUri": _page_uri(path, size, 1),
        "selfUri": _page_uri(path, size, number),
        "lastUri": _page_uri(path, size, max(1, pages)),
        "pageCount": pages,
    }
    if number < pages:
        body["nextUri"] = _page_uri(path, size, number + 1)
    if number > 1:
        body["previousUri"] = _page_uri(path, size, number - 1)
    return body


def _page_uri(path: str, size: int, number: int) -> str:
    return f"{path}?pageSize={size}&pageNumber={number}"
