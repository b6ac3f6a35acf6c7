"""What is done with what a search has found: trained to the end, sampled, mapped, compared."""
