"""Grouping without labels: k-means, hierarchical clustering, segments in words, anomalies."""

from chainrule.clustering.agreement import adjusted_rand, jaccards, silhouettes
from chainrule.clustering.anomalies import (
    CENTERS,
    autoencoder,
    cluster_widths,
    distance_parts,
    normal_centers,
    reconstruction_parts,
)
from chainrule.clustering.choosing import Candidate, Choice, by_kmeans, by_tree, choose_clusters
from chainrule.clustering.file_parts import KEPT_MERGES
from chainrule.clustering.hierarchy import (
    LINKAGES,
    check_cut,
    check_distinct,
    cut_tree,
    linkage_tree,
    memory_needed,
)
from chainrule.clustering.kmeans import Clusters, kmeans, nearest_centers
from chainrule.clustering.minibatch import batch_step, chunked_kmeans
from chainrule.clustering.nearest import NearestRows
from chainrule.clustering.odd_rows import odd_rows, oddness_reasons, without_cells
from chainrule.clustering.preflight import check_memory, memory_there
from chainrule.clustering.profiles import Trait, sentence, traits
from chainrule.clustering.repair import unit_rows
from chainrule.clustering.segments import (
    Segments,
    beside_what,
    is_segments_file,
    load_segments,
)

__all__ = [
    "CENTERS",
    "KEPT_MERGES",
    "LINKAGES",
    "Candidate",
    "Choice",
    "Clusters",
    "NearestRows",
    "Segments",
    "Trait",
    "adjusted_rand",
    "autoencoder",
    "batch_step",
    "beside_what",
    "by_kmeans",
    "by_tree",
    "check_cut",
    "check_distinct",
    "check_memory",
    "choose_clusters",
    "chunked_kmeans",
    "cluster_widths",
    "cut_tree",
    "distance_parts",
    "is_segments_file",
    "jaccards",
    "kmeans",
    "linkage_tree",
    "load_segments",
    "memory_needed",
    "memory_there",
    "nearest_centers",
    "normal_centers",
    "odd_rows",
    "oddness_reasons",
    "reconstruction_parts",
    "sentence",
    "silhouettes",
    "traits",
    "unit_rows",
    "without_cells",
]
