"""The scikit-learn faces: they check and translate, and hold no arithmetic."""

from chainrule.estimators.anomalies import AnomalyDetector
from chainrule.estimators.hierarchical import HierarchicalClustering
from chainrule.estimators.kmeans import KMeans
from chainrule.estimators.minibatch import MiniBatchKMeans

__all__ = ["AnomalyDetector", "HierarchicalClustering", "KMeans", "MiniBatchKMeans"]
