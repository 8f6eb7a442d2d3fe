#!/bin/sh
# The virtual machine's hardware: a GPIO chip with a Raspberry Pi's 54 lines, and a sound card.
#   up            make the chip, and let the machine look like a Raspberry Pi 4B to gpiozero
#   press N S     connect line N to ground for S seconds
#   pull N up|down
#   watch N S     line N, read 50 times a second for S seconds: its changes as "milliseconds value"
#   unplug|plug   take the sound card away, give it back
set -eu
chip=/sys/kernel/config/gpio-sim/pi
lines=/run/gpio-sim

pull() { echo "pull-$2" >"$lines/sim_gpio$1/pull"; }

up() {
	modprobe gpio-sim
	if [ ! -d "$chip" ]; then
		mkdir -p "$chip/bank0"
		echo 54 >"$chip/bank0/num_lines"
		echo pinctrl-bcm2711 >"$chip/bank0/label"
		echo 1 >"$chip/live"
	fi
	ln -sfn "/sys/devices/platform/$(cat "$chip/dev_name")/$(cat "$chip/bank0/chip_name")" "$lines"
	# BCM2711 ARM Peripherals, GPIO_PUP_PDN_CNTRL: lines 0 to 8 are pulled up at power-on, 9 to 27 down.
	for line in $(seq 0 27); do
		if [ "$line" -le 8 ]; then pull "$line" up; else pull "$line" down; fi
	done
	# gpiozero asks /proc/cpuinfo which Raspberry Pi this is; c03114 is a 4B.
	if ! grep -q ^Revision /proc/cpuinfo; then
		{ cat /proc/cpuinfo; printf 'Revision\t: c03114\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n'; } >/run/cpuinfo
		mount --bind /run/cpuinfo /proc/cpuinfo
	fi
}

case $1 in
up) up ;;
press) pull "$2" down; sleep "$3"; pull "$2" up ;;
pull) pull "$2" "$3" ;;
watch) exec python3 -c '
import sys, time
path, end, last = sys.argv[1], time.monotonic() + float(sys.argv[2]), None
began = time.monotonic()
while time.monotonic() < end:
    with open(path) as line:
        value = line.read().strip()
    if value != last:
        print(round((time.monotonic() - began) * 1000), value, flush=True)
        last = value
    time.sleep(0.02)
' "$lines/sim_gpio$2/value" "$3" ;;
unplug) echo snd_aloop.0 >/sys/bus/platform/drivers/snd_aloop/unbind ;;
plug) echo snd_aloop.0 >/sys/bus/platform/drivers/snd_aloop/bind ;;
*) echo "hardware.sh: unknown: $1" >&2; exit 2 ;;
esac
