process.stdout.write('TAP version 14\n1..1\nok 1 - came\n')
setInterval(() => {}, 1000)
