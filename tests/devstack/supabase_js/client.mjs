// supabase-js as it is published, driven by a test: a command a line on stdin, an answer or a message a line on
// stdout. A command is {"id", "do", "with": {...}}; its answer has the same id. Messages of channels have "heard".
import { createClient } from "@supabase/supabase-js";
import readline from "node:readline";
import ws from "ws";

const { url, key, token } = JSON.parse(process.argv[2]);
const transport = { realtime: { transport: ws } };
// With a token of its own the client signs nobody in: that is how it is shown an expired one.
const supabase = createClient(
  url,
  key,
  token ? { ...transport, accessToken: async () => token } : { ...transport, auth: { persistSession: false } },
);

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function told({ data, error, status }) {
  return { data, status, error: error && { code: error.code, message: error.message, status: error.status } };
}

function join({ topic, isPrivate }) {
  const channel = supabase.channel(topic, { config: { private: isPrivate } });
  channel.on("broadcast", { event: "*" }, (message) => print({ heard: "broadcast", topic, message }));
  channel.on("system", {}, (message) => print({ heard: "system", topic, message }));
  channel.subscribe((status, error) => print({ heard: status, topic, error: error?.message }));
  return {};
}

const commands = {
  signIn: (given) => supabase.auth.signInWithPassword(given).then(told),
  refresh: ({ refresh_token }) =>
    supabase.auth.refreshSession(refresh_token && { refresh_token }).then(told),
  session: () => supabase.auth.getSession().then(told),
  user: () => supabase.auth.getUser().then(told),
  claims: () => supabase.auth.getClaims().then(told),
  sendMagicLink: ({ email }) => supabase.auth.signInWithOtp({ email }).then(told),
  signOut: () => supabase.auth.signOut().then(told),
  useToken: async ({ token }) => ({ data: await supabase.realtime.setAuth(token) }),
  read: ({ table, columns }) => supabase.from(table).select(columns).then(told),
  join,
  leave: async ({ topic }) => {
    const channel = supabase.getChannels().find((one) => one.topic === `realtime:${topic}`);
    return { data: await supabase.removeChannel(channel) };
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { id, do: name, with: given } = JSON.parse(line);
  // Commands may overlap, as calls of a page do.
  Promise.resolve(commands[name](given))
    .then((answer) => print({ id, ...answer }))
    .catch((error) => print({ id, thrown: String(error) }));
}
process.exit(0);
