"""Products that fall into parts beside each other, of which what follows needs the same place: the gates of a cell.

A kernel that is built around such a product has the domain of one part; a place of it stands for one number of each.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...ops.core.places import Index, flatten
from ..graph.graph import Node
from ..graph.reads import Read, at, loops_over

OF_A_PART = 8  # registers that a tile has for each part, so that it has some rows


def part_places(product: Node, parts: int, place: Index) -> list[Index]:
    """The numbers of a product that belong to a place of a domain: the same place in each of its parts."""
    if parts == 1:
        return [place]
    columns = product.shape[-1] // parts
    row, column = divmod(place, columns)
    return [row * product.shape[-1] + column + part * columns for part in range(parts)]


def needs_parts(n: Node, product: Node, of_product: Iterable[Read], lanes: int, registers: int) -> bool:
    """Whether a product falls into parts as large as n, which needs nothing of it but the same place in each.

    They must be of whole vectors, and few enough for tiles that have one of each.
    """
    parts, rest = divmod(product.size, n.size)
    if rest or not 1 < parts <= registers // OF_A_PART or of_few_rows(product.shape[-2], lanes):
        return False
    if product.shape[-1] % (parts * lanes):
        return False
    places = {str(place) for place in part_places(product, parts, flatten(at(loops_over(n.shape)), n.shape))}
    return all(str(r.flat) in places and not r.dynamic for r in of_product)


def of_few_rows(rows: int, lanes: int) -> bool:
    """Whether a product has so few rows that its vectors rather lie along k: it is not cut."""
    return 2 * rows <= lanes
