"""Ray clusters: joining one, running jobs on its nodes, and reaching the coordinator."""
