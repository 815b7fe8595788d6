"""Branch and bound for ``kappa = max |Z^T (X u)_+|`` over the unit ball."""

from __future__ import annotations

from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from time import monotonic

import numpy as np

from lib.compiled import compiled
from lib.problem import Array
from lib.simplices import (
    Points,
    center,
    halve,
    is_below,
    least_level,
    majorise,
    make_face_scratch,
    make_scratch,
    make_stack,
    settle,
    top_of_cone,
)

STACK = 512
"""Open nodes a thread may hold; depth first, a few per cut above the current node."""

FOUND = 64
"""Leaf maxima a thread may report in one turn."""

Log = namedtuple("Log", "open level nodes deepest found directions")


@compiled
def explore(points, stack, work, log, budget):
    """Prune, solve or halve the open nodes, the last first, within ``budget``."""
    scratch, faces, u = work
    while 0 < log.open[0] < len(stack.counts) and budget > 0:
        budget -= 1
        log.open[0] -= 1
        log.nodes[0] += 1
        top = log.open[0]
        left = settle(points, stack, top, scratch.heights)
        cut = center(points, stack, top, scratch)
        majorise(points, stack, top, scratch)
        if is_below(log.level[0], scratch):
            continue
        if left > 0:
            halve(stack, top, scratch.heights, cut)
            log.open[0] += 2
            continue
        log.nodes[1] += 1
        value = top_of_cone(
            stack.maps[top], stack.rays[top], log.level[0], faces, u
        )
        if value > log.level[0]:
            log.level[0] = value * (1.0 + log.level[1])
            log.directions[log.found[0] % len(log.directions)] = u
            log.found[0] += 1

@compiled
def load(points, stack, log, rays):
    for i in range(len(rays)):
        stack.rays[i]=rays[i]
        stack.maps[i]=0.
        for j in range(len(points.X)): stack.undecided[i,j]=j
        stack.counts[i]=len(points.X)
        stack.depths[i]=0
    log.open[0]=len(rays)
