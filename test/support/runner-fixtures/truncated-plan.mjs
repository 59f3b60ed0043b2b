process.stdout.write('TAP version 14\n1..3\nok 1 - came\nok 2 - came\n')
