"""Variables, the scope that makes stateful code pure, masks, dtype policies, graphs."""
