"""The doors that speak HTTP: one file per audience, one file per permission boundary."""
