"""What Microsoft Sentinel does with a rule: schemas, limits, scheduling, entities, ATT&CK and the alerts it raises."""
