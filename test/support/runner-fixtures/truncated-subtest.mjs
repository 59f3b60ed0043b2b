process.stdout.write(
  'TAP version 14\n# Subtest: inner\n    ok 1 - came\n    1..2\nok 1 - inner\n1..1\n',
)
