"""pytest collects ``*.test.yaml``: one item for each test case of a detection."""
