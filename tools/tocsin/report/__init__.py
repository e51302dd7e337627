"""Renders findings and test results: text for people, JSON and JUnit XML for machines, and the closing summary."""
