"""Where rays meet a sphere, a cube and a lying cylinder, about the origin: exact, no search.

Each function takes origins and directions, tuples of three arrays of one shape or shapes that fit,
and gives the distance along the ray, `MISS` where it passes by, and the outward normal there. Rays
begin outside.
"""

from __future__ import annotations

from typing import Any

Vector = tuple[Any, Any, Any]

MISS = 1e4  # farther than anything
TINY = 1e-9

SPHERE, CUBE, CYLINDER = range(3)
NAMES = ("sphere", "cube", "cylinder")
RADIUS = 0.4  # of the sphere
HALF = 0.34  # of the cube's side
ROUND, LONG = 0.26, 0.48  # radius of the cylinder, half of its length
HEIGHTS = (RADIUS, HALF, ROUND)  # of centres above the table that a solid lies on
# So many turns about the upright axis within a full one leave a solid as it was; 0: any turn does.
SYMMETRIES = (0, 4, 2)


def sphere(xp: Any, o: Vector, d: Vector) -> tuple[Any, Vector]:
    """A sphere of `RADIUS`; directions of length 1."""
    along = dot(o, d)
    under = along * along - (dot(o, o) - RADIUS**2)
    far = -along - xp.sqrt(xp.maximum(under, TINY))
    t = xp.where(xp.logical_and(under > 0.0, far > 0.0), far, MISS)
    return t, tuple((a + t * b) / RADIUS for a, b in zip(o, d, strict=True))


def cube(xp: Any, o: Vector, d: Vector) -> tuple[Any, Vector]:
    """A cube with sides of twice `HALF`, along the axes."""
    near, far = [], []
    for a, b in zip(o, d, strict=True):
        inverse = 1.0 / _apart_from_zero(xp, b)
        ends = (-HALF - a) * inverse, (HALF - a) * inverse
        near.append(xp.minimum(*ends))
        far.append(xp.maximum(*ends))
    enter = xp.maximum(xp.maximum(near[0], near[1]), near[2])
    leave = xp.minimum(xp.minimum(far[0], far[1]), far[2])
    t = xp.where(xp.logical_and(enter < leave, enter > 0.0), enter, MISS)
    first = near[0] >= xp.maximum(near[1], near[2])
    second = xp.logical_and(xp.logical_not(first), near[1] >= near[2])
    third = xp.logical_not(xp.logical_or(first, second))
    faces = (first, second, third)
    normal = tuple(xp.where(face, -xp.sign(b), 0.0 * b) for face, b in zip(faces, d, strict=True))
    return t, normal


def cylinder(xp: Any, o: Vector, d: Vector) -> tuple[Any, Vector]:
    """A cylinder of radius `ROUND` along the first axis, from -`LONG` to `LONG`."""
    square = xp.maximum(d[1] * d[1] + d[2] * d[2], TINY)
    along = o[1] * d[1] + o[2] * d[2]
    under = along * along - square * (o[1] * o[1] + o[2] * o[2] - ROUND**2)
    body = (-along - xp.sqrt(xp.maximum(under, TINY))) / square
    within = xp.abs(o[0] + body * d[0]) <= LONG
    on_body = xp.logical_and(xp.logical_and(under > 0.0, body > 0.0), within)
    side = -xp.sign(d[0])
    cap = (side * LONG - o[0]) / _apart_from_zero(xp, d[0])
    y, z = o[1] + cap * d[1], o[2] + cap * d[2]
    on_cap = xp.logical_and(y * y + z * z <= ROUND**2, cap > 0.0)
    # A ray meets the body or one cap first, not both: a convex solid is entered once.
    t = xp.where(on_cap, cap, xp.where(on_body, body, MISS))
    nothing = 0.0 * d[0]
    normal = (
        xp.where(on_cap, side, nothing),
        xp.where(on_cap, nothing, (o[1] + t * d[1]) / ROUND),
        xp.where(on_cap, nothing, (o[2] + t * d[2]) / ROUND),
    )
    return t, normal


def dot(a: Vector, b: Vector) -> Any:
    """Product of vectors."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _apart_from_zero(xp: Any, x: Any) -> Any:
    return xp.where(xp.abs(x) < TINY, TINY, x)
