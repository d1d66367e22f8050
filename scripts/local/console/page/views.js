import { button, definitions, duration, element, statusWord, table, time } from './elements.js';

/** The views' elements for the server's data. `act` sends a request, shows its outcome and refreshes the view. */

export function machineTable(answer, { open }) {
  if (answer.lines.length === 0) return element('p', {}, 'There is no such machine.');
  return table(
    'machines',
    ['Machine', 'Customer', 'Zone', 'Type', 'Record', 'VM', 'Waiting operations', 'Difference'],
    answer.lines.map((line) => [
      machineLink(line, open),
      line.customerId,
      idWord(line.zone),
      idWord(line.machineType),
      element('span', {}, statusWord(line.record), line.reason === null ? '' : ` ${line.reason}`),
      statusWord(line.vm),
      line.queue.join(', '),
      line.differences.length === 0 ? '' : element('span', { class: 'bad' }, line.differences.join(' ')),
    ]),
  );
}

/** A display name may break; an id does not. */
function machineLink({ id, displayName }, open) {
  const isNamed = displayName !== '' && displayName !== id;
  return button(isNamed ? `${displayName} (${id})` : id, () => open(id), {
    class: isNamed ? 'link' : 'link id',
    'data-key': id,
  });
}

function idWord(text) {
  return element('span', { class: 'id' }, text);
}

export function machineDetails(machine, { now, act, driftActions }) {
  const { id, record, vm } = machine;
  const ask = (verb) => () =>
    act(`${verb} of ${id}`, 'POST', '/console/request', {
      as: 'admin',
      method: verb === 'delete' ? 'DELETE' : 'POST',
      path: `/api/compute/v1/admin/instances/${id}${verb === 'delete' ? '' : `/${verb}`}`,
    });
  return element(
    'section',
    { 'aria-labelledby': 'details-title', class: 'panel' },
    element('h3', { id: 'details-title', tabindex: '-1' }, id),
    ...machine.differences.map((text) => element('p', { class: 'bad' }, text)),
    ...(act === undefined ? [command(`npm run platform -- instances show ${id}`)] : actions()),
    element(
      'div',
      { class: 'sides' },
      element(
        'div',
        {},
        element('h4', {}, 'Record'),
        record === null ? element('p', { class: 'bad' }, 'There is none.') : recordFacts(record, now, vm),
      ),
      element(
        'div',
        {},
        element('h4', {}, 'VM'),
        vm === null ? element('p', { class: 'bad' }, 'There is none.') : vmFacts(vm, now, record),
      ),
    ),
    element('h4', {}, 'Operations'),
    operationTable(machine.operations, { now, of: 'operations of the machine' }),
    element('h4', {}, 'History'),
    historyLine(machine.history, now),
    element('h4', {}, 'Calls that reached the cloud'),
    machine.calls === null
      ? command(`gcloud logging read 'protoPayload.resourceName:"instances/${id}"' --freshness=7d`)
      : callTable(machine.calls, now),
  );

  function actions() {
    return [
      element(
        'div',
        { class: 'actions', role: 'group', 'aria-label': 'Through the API, as the administrator' },
        'As the administrator:',
        ...['start', 'stop', 'restart', 'reset', 'delete'].map((verb) =>
          button(verb, ask(verb), { 'data-key': `api-${verb}` }),
        ),
      ),
      element(
        'div',
        { class: 'actions', role: 'group', 'aria-label': 'In the cloud itself, past the API' },
        'In the cloud itself:',
        ...driftActions.map((action) =>
          button(action, () => act(`${action} of the VM ${id}`, 'POST', '/drift', { instance: id, action }), {
            'data-key': `drift-${action}`,
            disabled: vm === null,
          }),
        ),
      ),
    ];
  }
}

/** A command to paste, where the page itself changes nothing. */
function command(text) {
  return element('pre', { tabindex: '0' }, text);
}

function callTable(calls, now) {
  if (calls.length === 0) return element('p', {}, 'There is none.');
  return table(
    'calls',
    ['Time', 'Method', 'Outcome', 'Status', 'Error of the operation', 'requestId'],
    calls.map((call) => [
      time(call.time, now),
      call.method,
      statusWord(call.outcome),
      call.status,
      call.operationError ?? '',
      call.requestId,
    ]),
  );
}

/** What happened to a machine, on a line: the newest first, with the time that lies between. */
function historyLine(history, now) {
  if (history.length === 0) return element('p', {}, 'There is none.');
  return element(
    'ol',
    { class: 'history', 'aria-label': 'events of the machine' },
    ...history.map((event, index) => {
      const before = history[index + 1];
      const after = before === undefined ? '' : `after ${duration(event.atMs - before.atMs)}`;
      return element(
        'li',
        {},
        element('span', { class: 'when' }, time(event.atMs, now), ' ', element('small', {}, after)),
        element('strong', {}, event.note ? `(${event.status})` : statusWord(event.status)),
        element('span', {}, `${event.cause}, ${event.actor.id ?? event.actor.type}`),
        event.reason === null || event.reason === '' ? '' : element('span', { class: 'bad' }, event.reason),
        event.operationId === null ? '' : element('code', {}, event.operationId),
      );
    }),
  );
}

/** A pair of what the two sides say of one thing, marked where they differ. */
function side(name, own, other) {
  const differs = other !== undefined && own !== other;
  return [name, differs ? element('span', { class: 'bad' }, own || '–', ' ≠') : own];
}

function recordFacts(record, now, vm) {
  return definitions([
    ['Status', element('span', {}, statusWord(record.status), ' since ', time(record.statusSinceMs, now))],
    ['Reason', record.statusReason === null ? '–' : `${record.statusReason.reason}: ${record.statusReason.message}`],
    side('Machine type', record.machine.machineType, vm?.machineType),
    side('Id in the cloud', record.cloudId, vm?.cloudId),
    side('External address', record.externalIp, vm?.externalIp),
    side('Internal address', record.internalIp, vm?.internalIp),
    ['Labels', labelsText(record.machine.labels)],
    ['Metadata', Object.keys(record.machine.metadata).join(', ')],
    ['Customer, user', `${record.customerId}, ${record.userId}`],
    ['Queue', record.queue.map(({ kind, id }) => `${kind} ${id}`).join(', ')],
    ['Looked at', time(record.statusSyncedAtMs, now)],
    ['Next look', time(record.checkAtMs, now)],
  ]);
}

function vmFacts(vm, now, record) {
  return definitions([
    ['Status', statusWord(vm.status)],
    ['Made', time(vm.createdAtMs, now)],
    side('Machine type', vm.machineType, record?.machine.machineType),
    side('Id in the cloud', vm.cloudId, record?.cloudId),
    side('External address', vm.externalIp, record?.externalIp),
    side('Internal address', vm.internalIp, record?.internalIp),
    ['Labels', labelsText(vm.labels)],
    ['Metadata', vm.metadataKeys.join(', ')],
  ]);
}

function labelsText(labels) {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(', ');
}

export function operationTable(operations, { now, open, of = 'operations' }) {
  if (operations.length === 0) return element('p', {}, 'There is none.');
  return table(
    of,
    ['Created', 'Operation', 'Machine', 'State', 'Attempts', 'Calls', 'Leased until', 'Due', 'Reason'],
    operations.map((operation) => [
      time(operation.createdAtMs, now),
      idWord(`${operation.kind} ${operation.id}`),
      open === undefined
        ? idWord(operation.instanceId)
        : button(operation.instanceId, () => open(operation.instanceId), {
            class: 'link id',
            'data-key': `of-${operation.id}`,
          }),
      statusWord(operation.state),
      operation.attempts,
      operation.callCount,
      operation.leaseUntilMs === 0 ? '–' : time(operation.leaseUntilMs, now),
      operation.dueAtMs === 0 ? '–' : time(operation.dueAtMs, now),
      operation.error === null
        ? ''
        : element('span', { class: 'bad' }, `${operation.error.reason}: ${operation.error.message}`),
    ]),
  );
}

export function deadLetters(letters, { now, act }) {
  if (letters.length === 0) return element('p', {}, 'There is none.');
  return table(
    'dead letters',
    ['Recorded', 'Operation', 'Machine', 'Action'],
    letters.map((letter) => [
      time(letter.recordedAtMs, now),
      letter.operationId,
      letter.instanceId,
      act === undefined
        ? element('code', {}, `npm run platform -- dead-letters replay ${letter.id}`)
        : button(
            'Replay',
            () =>
              act(`Replay of ${letter.operationId}`, 'POST', '/console/request', {
                as: 'admin',
                method: 'POST',
                path: `/api/compute/v1/admin/dead-letters/${encodeURIComponent(letter.id)}/replay`,
              }),
            { 'data-key': `replay-${letter.id}` },
          ),
    ]),
  );
}

/** Creates a table with one line per request, each followed by the request's log lines. */
export function requestTable(lines, { now }) {
  const served = lines.filter((line) => line.message === 'request served').reverse();
  if (served.length === 0) return element('p', {}, 'There was none since the start.');
  const others = (requestId) =>
    lines.filter((line) => line.requestId === requestId && line.message !== 'request served');
  return table(
    'requests',
    ['Time', 'Endpoint', 'Request', 'Caller', 'Status', 'Reason', 'ms', 'Log'],
    served
      .slice(0, 200)
      .map((line) => [
        time(line.time, now),
        line.endpoint,
        `${line.method} ${line.path}`,
        line.userId === undefined ? '–' : `${line.customerId} ${line.userId}`,
        element('span', { class: line.status < 400 ? 'good' : 'bad' }, line.status),
        line.outcome === 'granted' ? '' : line.outcome,
        line.latencyMs,
        element(
          'details',
          {},
          element('summary', { 'data-key': `log-${line.requestId}` }, line.requestId),
          element(
            'pre',
            {},
            [line, ...others(line.requestId)].map((entry) => JSON.stringify(entry, null, 1)).join('\n'),
          ),
        ),
      ]),
  );
}

export function faultsInForce(faults, { act }) {
  if (faults.length === 0) return element('p', {}, 'No fault is in force.');
  return element(
    'div',
    {},
    table(
      'faults in force',
      ['Service', 'Method', 'Kind', 'Calls left'],
      faults.map((fault) => [
        fault.service,
        fault.method,
        fault.code === undefined ? fault.kind : `${fault.kind} ${fault.code}`,
        fault.left,
      ]),
    ),
    element(
      'div',
      { class: 'actions' },
      button('Take all away', () => act('All faults are gone', 'DELETE', '/faults'), { 'data-key': 'no-faults' }),
    ),
  );
}

/** Creates a button for each kind of fault of each method of each service. */
export function faultButtons(faultMethods, { add }) {
  return element(
    'div',
    { class: 'sides' },
    ...Object.entries(faultMethods).map(([service, methods]) =>
      element(
        'section',
        { class: 'panel', 'aria-label': service },
        element('h3', {}, service),
        ...Object.entries(methods).map(([method, kinds]) =>
          element(
            'div',
            { class: 'actions', role: 'group', 'aria-label': method },
            element('code', {}, method),
            ...kinds.map((kind) =>
              button(kind, () => add(service, method, kind), { 'data-key': `${service} ${method} ${kind}` }),
            ),
          ),
        ),
      ),
    ),
  );
}

export function principalCards(principals, baseUrl, { act, copy }) {
  return element(
    'div',
    { class: 'sides' },
    ...principals.map((principal) => principalCard(principal, baseUrl, { act, copy })),
  );
}

function principalCard({ name, customerId, tier, roles, groups, project, token, xApiKey }, baseUrl, { act, copy }) {
  const body = { template_id: 'ubuntu-22-standard', config_id: 'default-network' };
  const create = `curl -sS -X POST ${baseUrl}/api/compute/v1/instances -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
  const list = `curl -sS ${baseUrl}/api/compute/v1/instances -H 'Authorization: Bearer ${token}'`;
  return element(
    'section',
    { class: 'panel', 'aria-label': name },
    element('h3', {}, name),
    definitions([
      ['Customer', `${customerId} (tier ${tier})`],
      ['Groups, roles', [...(groups ?? []), ...(roles ?? [])].join(', ')],
      ['Project', project],
      ['X-API-Key', element('code', {}, xApiKey)],
      ['Bearer', element('code', {}, token)],
    ]),
    element('h4', {}, 'Create a machine'),
    element('pre', { tabindex: '0' }, create),
    element(
      'div',
      { class: 'actions' },
      button('Copy', () => copy(create), {
        'data-key': `copy-create-${name}`,
        'aria-label': `Copy the curl that creates a machine as ${name}`,
      }),
      button(
        `Run as ${name}`,
        () =>
          act(`Create as ${name}`, 'POST', '/console/request', {
            as: name,
            method: 'POST',
            path: '/api/compute/v1/instances',
            body,
          }),
        { 'data-key': `run-create-${name}` },
      ),
    ),
    element('h4', {}, 'List machines'),
    element('pre', { tabindex: '0' }, list),
    element(
      'div',
      { class: 'actions' },
      button('Copy', () => copy(list), {
        'data-key': `copy-list-${name}`,
        'aria-label': `Copy the curl that lists machines as ${name}`,
      }),
    ),
  );
}

export function snapshotList(snapshots, { now, act }) {
  if (snapshots.length === 0) return element('p', {}, 'There is none yet.');
  return table(
    'snapshots',
    ['Name', 'Made', 'Action'],
    snapshots.map(({ name, madeAt }) => [
      name,
      time(madeAt, now),
      button('Load', () => act(`The snapshot ${name} is being loaded`, 'POST', '/console/snapshots/load', { name }), {
        'data-key': `load-${name}`,
        'aria-label': `Load ${name}`,
      }),
    ]),
  );
}
