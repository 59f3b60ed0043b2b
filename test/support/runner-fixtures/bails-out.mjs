process.stdout.write('TAP version 14\nok 1 - came\nBail out! nothing works\n')
