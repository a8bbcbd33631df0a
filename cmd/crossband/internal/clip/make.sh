#!/bin/sh
# Makes the clips anew from script.txt: name, espeak-ng voice and words, parted
# by tabs. Needs espeak-ng and opusenc (opus-tools). The packets are 20 ms, mono,
# 20 kbit/s at a constant rate: what a channel carries.
set -eu
cd "$(dirname "$0")"
tab=$(printf '\t')
serial=1
while IFS="$tab" read -r name lang words; do
	espeak-ng -v "$lang" -s 215 -g 1 --stdout "$words" |
		opusenc --quiet --bitrate 20 --hard-cbr --speech --framesize 20 --downmix-mono \
			--padding 0 --discard-comments --serial "$serial" - "$name.opus"
	serial=$((serial + 1))
done <script.txt
