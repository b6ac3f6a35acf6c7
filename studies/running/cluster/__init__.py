"""The engine of many machines: workers are tasks of a Ray cluster, the head is its driver."""
