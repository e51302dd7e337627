"""TST007."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.stated_alerts import stated_entities, tests_by_detection


class TestsEntities(Check):
    """A rule maps an entity that no test looks at.

    Why: a mapping that gives nothing is not an error anywhere: the alert comes, without its entity, and grouping and
    automation that wait for it do nothing. One expected alert that names the entity settles it.

    Fails::

        entityMappings:
          - entityType: IP
            fieldMappings: [{identifier: Address, columnName: SenderIP}]
        # and in the tests: expect: {alerts: 1}

    Right::

        expect: {alerts: [{entities: {IP: [{Address: 203.0.113.7}]}}]}

    Fine to ignore: for an entity that only rare events have. A rule without a case that alerts is TST001's.
    """

    code, slug, level = "TST007", "test.entities", Level.INFO
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        tests = tests_by_detection(context)
        for detection in context.detections:
            cases = [case for test in tests.get(detection.name, ()) for case in test.model.cases]
            if not any(case.expect.alerts_something for case in cases):
                continue
            asserted: set[str] = set()
            for case in cases:
                for entities in stated_entities(case):
                    asserted.update((entities.includes or {}).keys() | (entities.exactly or {}).keys())
            told: set[str] = set()
            for i, mapping in enumerate(detection.model.entity_mappings):
                if mapping.entity_type not in asserted | told:
                    told.add(mapping.entity_type)
                    message = f"no test looks at the entity {mapping.entity_type}"
                    identifier = mapping.field_mappings[0].identifier if mapping.field_mappings else "…"
                    help = f"state it in a case that alerts: entities: {{{mapping.entity_type}: [{{{identifier}: …}}]}}"
                    path = ("entityMappings", i, "entityType")
                    yield self.finding(detection.document, path, message, help)
