// Reads an event stream over fetch, which (other than EventSource) tells the status and survives a 503.

export class StreamRefused extends Error {
  constructor(status) {
    super(`the stream was refused: ${status}`);
    this.status = status;
  }
}

/** Yields {event, data, id} until the stream ends. Throws StreamRefused, or what fetch throws. */
export async function* readStream(url, { lastEventId, signal, onBytes }) {
  const headers = { accept: "text/event-stream" };
  if (lastEventId) headers["last-event-id"] = lastEventId;
  const answer = await fetch(url, { headers, signal, cache: "no-store", redirect: "error" });
  if (answer.status !== 200) throw new StreamRefused(answer.status);
  onBytes();
  let rest = "";
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onBytes();
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const message = parse(block);
      if (message) yield message;
    }
  }
}

function parse(block) {
  const message = { event: "message", data: [], id: null };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 1) continue; // a comment: the heartbeat
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") message.data.push(value);
    else if (name in message) message[name] = value;
  }
  return message.data.length ? { ...message, data: message.data.join("\n") } : null;
}
