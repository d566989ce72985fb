"""Benchmarks: lists of independent jobs over classes, detectors, seeds and shots, here or on a cluster.

suite     what is asked for                      classes   the classes of a data set
shots     which good parts a few-shot job sees   inputs    the content of files as one hash
jobs      the list, each job named by its hash   work      doing one job
running   working through the list               cluster   Dask
output    the folder: outcomes, tables           remote    inspecting many parts on a cluster
"""

from __future__ import annotations
