// Knows the address of the API, one key and the name of a family. Everything else it finds in the index and in answers.
const [origin, key, name] = process.argv.slice(2);
const at = (value, path) => path.split('.').reduce((part, member) => part?.[member], value);

function take(answer, places) {
  const taken = {};
  for (const [value, [path, prefix]] of Object.entries(places)) taken[value] = at(answer, path).slice(prefix.length);
  return taken;
}

async function send(step, values = {}, body = step.body) {
  const [method, path] = (step.request ?? step).split(' ');
  const target = path.replace(/\{(\w+)\}/g, (_, value) => values[value]);
  const headers = { 'x-api-key': key, 'content-type': 'application/json' };
  const answer = await fetch(new URL(target, origin), { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.headers.get('x-error-reason')}: ${answer.headers.get('x-error')}`);
  return text === '' ? undefined : JSON.parse(text);
}

const { create, read, stop, start, edit, delete: remove, catalogue, machine } = (await send('GET /')).families[name];

/** What stands between angle brackets is in an answer of the catalogue. */
async function filled(body) {
  const [lists, text] = [{}, JSON.stringify(body)];
  for (const [, list] of text.matchAll(/<(\w+)\./g)) lists[list] ??= await send(catalogue[list]);
  return JSON.parse(text.replace(/<([\w.]+)>/g, (_, path) => at(lists, path)));
}

async function until(isSo, values, step = read) {
  let answer;
  while (!isSo((answer = await send(step, values)))) await new Promise((resolve) => setTimeout(resolve, 100));
  return answer;
}
const isRunning = (answer) => at(answer, machine.state) === machine.running;
const hasFailed = (answer) => !at(answer, machine.pending) && Boolean(at(answer, machine.reason));

async function make(zone) {
  const values = take(await send(create, {}, { ...(await filled(create.body)), ...zone }), create.values);
  const answer = await until(isRunning, values);
  console.log('log in:', at(answer, machine.login));
  return { ...values, ...take(answer, machine.values) };
}

let values = await make();
await send(stop, values);
await until((answer) => at(answer, machine.state) === machine.stopped, values);
await send(start, values);
for (let answer; !isRunning((answer = await until((seen) => isRunning(seen) || hasFailed(seen), values)));) {
  const [, other] = at(answer, machine.message).match(/\b[a-z]+-[a-z]+\d+-[a-z]\b/g);
  console.log('refused:', at(answer, machine.reason), 'elsewhere:', other);
  if (create.zone) await send(remove, values);
  if (create.zone) values = await make({ [create.zone]: other });
  else await send(start, values);
}
await send(edit, values);
const asked = JSON.stringify(at(edit.body, edit.at));
await until((seen) => JSON.stringify(at(seen, edit.at)) === asked, values, edit.request.replace('PATCH', 'GET'));
await send(remove, values);
console.log('labelled and deleted');
