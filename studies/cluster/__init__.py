"""Many machines: the nodes of a Ray cluster, of which the head of a search is the driver."""
