// Voice between the page and the endpoint: one track up, one down for each channel.
// What is said leaves the page only while a press is on: the track is silent otherwise.
import { computed, effect, signal } from "@preact/signals";
import { channels, live, me } from "./state.js";
import { prefs } from "./prefs.js";
import { page } from "./self.js";
import { audio, sounding, wake } from "./sound.js";

const most = 64; // channels heard at once

/** mic: off, asking, on, or why there is none. */
export const mic = signal({ state: "off", why: "" });
/** voice: off, joining, on, lost, taken (by another page of this endpoint). */
export const voice = signal("off");
/** level of the microphone, 0 to 100, and whether it is too loud. */
export const level = signal(0);
export const clipping = signal(false);

let track, peer, again, uplink, speaking = false;
const gains = new Map(); // by channel: what is heard of it

/** turnOn asks for the microphone and joins; without a microphone one still hears. */
export async function turnOn() {
  await wake();
  if (!track || track.readyState === "ended") await openMic();
  if (peer?.connectionState === "connected" && uplink.track === track) voice.value = "on";
  else await join();
}

async function openMic() {
  mic.value = { state: "asking", why: "" };
  try {
    const media = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    track = media.getAudioTracks()[0];
    track.enabled = speaking;
    track.onended = () => { mic.value = { state: "failed", why: "mic.ended" }; };
    mic.value = { state: "on", why: "" };
    measure(media);
  } catch (e) {
    const known = { NotAllowedError: "mic.denied", NotFoundError: "mic.none", NotReadableError: "mic.busy" };
    mic.value = { state: "failed", why: known[e?.name] ?? "mic.error" };
  }
}

/** measure shows the microphone's level from a copy of its track, which is never sent. */
function measure(media) {
  const copy = media.getAudioTracks()[0].clone();
  const meter = new AnalyserNode(audio(), { fftSize: 1024 });
  audio().createMediaStreamSource(new MediaStream([copy])).connect(meter);
  const wave = new Float32Array(meter.fftSize);
  const of = track;
  const timer = setInterval(() => {
    if (of.readyState === "ended" || of !== track) {
      clearInterval(timer);
      copy.stop();
      return;
    }
    meter.getFloatTimeDomainData(wave);
    let sum = 0, peak = 0;
    for (const x of wave) { sum += x * x; peak = Math.max(peak, Math.abs(x)); }
    const db = 10 * Math.log10(sum / wave.length + 1e-9); // -90 to 0
    level.value = Math.round(Math.min(100, Math.max(0, (db + 60) * 100 / 55)));
    clipping.value = peak > 0.98;
  }, 100);
}

/** join makes one connection with a line for each channel that is joined. */
async function join() {
  clearTimeout(again);
  peer?.close();
  for (const id of [...gains.keys()]) drop(id);
  const mine = peer = new RTCPeerConnection();
  voice.value = "joining";
  mine.ontrack = (e) => hear(e.streams[0], e.track);
  mine.onconnectionstatechange = () => {
    if (mine !== peer) return;
    if (mine.connectionState === "connected") voice.value = "on";
    if (["failed", "disconnected", "closed"].includes(mine.connectionState)) lost();
  };
  uplink = mine.addTransceiver(track ?? "audio", { direction: track ? "sendonly" : "inactive" }).sender;
  await offer(mine);
}

/** offer asks for what is not heard yet, and gives up the connection if that fails. */
async function offer(mine) {
  try {
    const missing = channels.peek().filter((c) => c.joined && !gains.has(c.id)).slice(0, most - gains.size);
    missing.forEach(() => mine.addTransceiver("audio", { direction: "recvonly" }));
    await mine.setLocalDescription();
    await gathered(mine);
    const answer = await fetch(`api/voice?page=${page}`, {
      method: "POST", headers: { "content-type": "application/sdp" }, body: mine.localDescription.sdp,
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    await mine.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    return true;
  } catch {
    if (mine === peer) lost();
    return false;
  }
}

const gathered = (pc) => new Promise((done) => {
  if (pc.iceGatheringState === "complete") return done();
  const timer = setTimeout(done, 1500);
  pc.onicegatheringstatechange = () => {
    if (pc.iceGatheringState === "complete") { clearTimeout(timer); done(); }
  };
});

/** lost tries again by itself: nobody has to press anything. */
function lost() {
  voice.value = "lost";
  clearTimeout(again);
  again = setTimeout(() => { if (live.peek().on && sounding.peek()) join(); else lost(); }, 2000);
}

/** taken gives the voice up to another page, until a person takes it back here. */
export function taken() {
  clearTimeout(again);
  if (voice.peek() === "off") return;
  const old = peer;
  peer = undefined;
  old?.close();
  for (const id of [...gains.keys()]) drop(id);
  voice.value = "taken";
}

let renewing = Promise.resolve();

/** renew is for when the endpoint has other channels than were answered for: what is heard goes on. */
export function renew() {
  renewing = renewing.then(() => {
    if (["off", "taken"].includes(voice.peek())) return null;
    return peer?.connectionState === "connected" ? offer(peer) : join();
  });
}

function hear(stream, incoming) {
  if (!stream?.id.startsWith("ch-")) return;
  const id = stream.id.slice(3);
  // Some browsers decode a remote track only while an element has it.
  const tap = new Audio();
  tap.srcObject = stream;
  tap.muted = true;
  tap.play().catch(() => {});
  const from = audio().createMediaStreamSource(new MediaStream([incoming]));
  const gain = new GainNode(audio(), { gain: loudness(id) });
  from.connect(gain).connect(audio().destination);
  drop(id);
  gains.set(id, { gain, from, tap });
  stream.onremovetrack = () => drop(id);
}

function drop(id) {
  const old = gains.get(id);
  if (!old) return;
  old.gain.disconnect();
  old.from.disconnect();
  old.tap.srcObject = null;
  gains.delete(id);
}

const loudness = (id) => (prefs.muted.value[id] ? 0 : prefs.volumes.value[id] ?? 1);

effect(() => {
  prefs.muted.value, prefs.volumes.value;
  for (const [id, { gain }] of gains) gain.gain.setTargetAtTime(loudness(id), audio().currentTime, 0.02);
});

/** speak opens or shuts the microphone's track. */
export function speak(on) {
  speaking = on;
  if (track) track.enabled = on;
}

const bits = { full: 32_000, lean: 12_000 }; // a second, of the own voice

/** rate: bits a second of the own voice: fewer on a thin link, and where the endpoint says that listeners lose some. */
const rate = computed(() => {
  const speaks = channels.value.filter((c) => c.floor?.bits > 0 && !["idle", "denied"].includes(c.floor.mine));
  return Math.min(prefs.lean.value ? bits.lean : bits.full, ...speaks.map((c) => c.floor.bits));
});

effect(() => {
  const most = rate.value;
  if (voice.value !== "on" || !uplink) return;
  const how = uplink.getParameters();
  if (!how.encodings?.length) return;
  how.encodings[0].maxBitrate = most;
  uplink.setParameters(how).catch(() => { /* a browser that cannot sends as it did */ });
});

/** ready says in a word of the catalogue why one cannot speak, or nothing. */
export function unready() {
  if (me.value?.expelled) return "why.expelled";
  if (mic.value.state === "failed") return mic.value.why;
  if (mic.value.state !== "on") return "why.mic-off";
  if (voice.value === "taken") return "why.voice-taken";
  if (voice.value !== "on") return "why.voice-lost";
  return "";
}

/** already turns on by itself where the microphone was allowed before. */
export async function already() {
  try {
    const answer = await navigator.permissions.query({ name: "microphone" });
    if (answer.state === "granted") { await openMic(); await wake(); await join(); }
  } catch { /* a browser that cannot be asked waits for the press */ }
}
