// The other end of the page's voice, in a second page of the same browser: it takes the
// microphone's track and gives each downstream track a tone of its own.

/** answerer gives { answer(offer, channels), heard() } over a page of its own. */
export async function answerer(browser) {
  const page = await (await browser.newContext()).newPage();
  return {
    async answer(offer, channels) {
      return page.evaluate(async ({ offer, channels }) => {
        const session = /^o=\S+ (\d+)/m.exec(offer)[1]; // the same when it offers again
        window.all ??= new Map();
        const pc = window.all.get(session) ?? new RTCPeerConnection();
        window.all.set(session, pc);
        const ctx = (window.ctx ??= new AudioContext());
        await ctx.resume();
        pc.ontrack = (e) => {
          const tap = new Audio();
          tap.srcObject = new MediaStream([e.track]);
          tap.muted = true;
          tap.play();
          window.meter = new AnalyserNode(ctx);
          ctx.createMediaStreamSource(tap.srcObject).connect(window.meter);
        };
        await pc.setRemoteDescription({ type: "offer", sdp: offer });
        const down = pc.getTransceivers().filter((t) => /recvonly/.test(section(offer, t.mid)));
        down.forEach((t, i) => {
          t.direction = "sendonly";
          const to = ctx.createMediaStreamDestination();
          const tone = new OscillatorNode(ctx, { frequency: 300 + 150 * i });
          tone.connect(to);
          tone.start();
          t.sender.replaceTrack(to.stream.getAudioTracks()[0]);
        });
        await pc.setLocalDescription();
        await new Promise((r) => { if (pc.iceGatheringState === "complete") r(); else { pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && r(); setTimeout(r, 2000); } });
        let i = 0;
        return pc.localDescription.sdp.split(/(?=^m=)/m).map((s) => {
          if (/a=recvonly/.test(s)) return s.replace(/a=fmtp:111 .*/, "a=fmtp:111 minptime=20;useinbandfec=1;stereo=0;usedtx=0;cbr=1;maxaveragebitrate=24000"); // as the bridge asks
          if (!s.startsWith("m=") || !/a=sendonly/.test(s)) return s;
          return s.replace(/a=msid:.*\r\n/, "").replace(/a=sendonly\r\n/, `a=sendonly\r\na=msid:ch-${channels[i]} t${i++}\r\n`);
        }).join("");

        function section(sdp, mid) { return sdp.split(/^m=/m).find((s) => s.includes(`a=mid:${mid}\r\n`)) ?? ""; }
      }, { offer, channels });
    },
    /** heard is the loudest sample of what the page's microphone sends now. */
    heard: () => page.evaluate(() => {
      if (!window.meter) return 0;
      const wave = new Float32Array(window.meter.fftSize);
      window.meter.getFloatTimeDomainData(wave);
      return Math.max(...wave.map(Math.abs));
    }),
    /** octets of speech that have come from the page's microphone so far. */
    octets: () => page.evaluate(async () => {
      let sum = 0;
      for (const pc of window.all?.values() ?? []) (await pc.getStats()).forEach((s) => { if (s.type === "inbound-rtp") sum += s.bytesReceived; });
      return sum;
    }),
    reset: () => page.evaluate(() => { for (const pc of window.all?.values() ?? []) pc.close(); window.all = new Map(); }),
  };
}
