"""Grouping without labels: k-means, hierarchical clustering, segments in words, anomalies."""

from chainrule.clustering.anomalies import (
    autoencoder,
    center_count,
    distance_parts,
    normal_centers,
    reconstruction_parts,
)
from chainrule.clustering.hierarchy import (
    LINKAGES,
    NearestRows,
    check_cut,
    check_distinct,
    cut_tree,
    linkage_tree,
    memory_needed,
)
from chainrule.clustering.kmeans import Clusters, kmeans, nearest_centers, unit_rows
from chainrule.clustering.minibatch import batch_step, chunked_kmeans
from chainrule.clustering.preflight import check_memory, memory_there

__all__ = [
    "LINKAGES",
    "Clusters",
    "NearestRows",
    "autoencoder",
    "batch_step",
    "center_count",
    "check_cut",
    "check_distinct",
    "check_memory",
    "chunked_kmeans",
    "cut_tree",
    "distance_parts",
    "kmeans",
    "linkage_tree",
    "memory_needed",
    "memory_there",
    "nearest_centers",
    "normal_centers",
    "reconstruction_parts",
    "unit_rows",
]
