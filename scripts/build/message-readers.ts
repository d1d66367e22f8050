import protobuf from 'protobufjs';

/** Scalar types whose repeated values cannot be packed into one field. */
const NOT_PACKED = new Set(['string', 'bytes']);
const LONGS = new Set(['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64']);

/** What fields and the values of maps have in common. */
type Valued = Pick<protobuf.FieldBase, 'type' | 'resolvedType' | 'typeDefault'>;

/**
 * Returns the source of a function that reads a message from bytes: `(reader, length) => object`. The object is the one that
 * protobuf.js's `toObject` makes of a decoded message with gax's options `{ longs: String, enums: String, defaults: true,
 * oneofs: true }`, without the message in between. `types` are the types of the fields, `longText` and `noBytes` are
 * helpers of the generated module.
 */
export function readerText(type: protobuf.Type): string {
  const fields = type.fieldsArray;
  const defaults = [
    ...fields.filter(({ repeated }) => repeated).map(({ name }) => `${name}: []`),
    ...fields.filter(({ map }) => map).map(({ name }) => `${name}: {}`),
    ...fields
      .filter(({ repeated, map, partOf }) => !repeated && !map && partOf === null)
      .map((field) => `${field.name}: ${defaultText(field)}`),
  ];
  const cases = fields.map((field, place) => `case ${field.id}: ${caseText(field, place)} break;`);
  return `function (r, l) {
  const end = r.pos + l;
  const d = { ${defaults.join(', ')} };
  while (r.pos < end) {
    const t = r.uint32();
    switch (t >>> 3) {
      ${cases.join('\n      ')}
      default: r.skipType(t & 7);
    }
  }
  return d;
}`;
}

function caseText(field: protobuf.Field, place: number): string {
  const { name, partOf, repeated } = field;
  const value = valueText(field, place);
  if (field instanceof protobuf.MapField) return mapText(field, place);
  if (repeated) {
    const push = `d.${name}.push(${value});`;
    if (field.resolvedType instanceof protobuf.Type || NOT_PACKED.has(field.type)) return push;
    return `if ((t & 7) === 2) { const e = r.uint32() + r.pos; while (r.pos < e) ${push} } else ${push}`;
  }
  return `d.${name} = ${value};${partOf === null ? '' : ` d.${partOf.name} = ${JSON.stringify(name)};`}`;
}

function mapText(field: protobuf.MapField, place: number): string {
  if (field.keyType !== 'string') throw new Error(`${field.fullName} has keys of type ${field.keyType}.`);
  const isMessage = field.resolvedType instanceof protobuf.Type;
  const found = isMessage ? `v === undefined ? types[${place}].read(r, 0) : v` : 'v';
  const initial = isMessage ? 'undefined' : defaultText(field);
  return `{
        const e = r.uint32() + r.pos;
        let k = '', v = ${initial};
        while (r.pos < e) {
          const s = r.uint32();
          if (s >>> 3 === 1) k = r.string();
          else if (s >>> 3 === 2) v = ${valueText(field, place)};
          else r.skipType(s & 7);
        }
        if (k === '__proto__') util.makeProp(d.${field.name}, k);
        d.${field.name}[k] = ${found};
      }`;
}

function valueText({ type, resolvedType }: Valued, place: number): string {
  if (resolvedType instanceof protobuf.Type) return `types[${place}].read(r, r.uint32())`;
  if (resolvedType instanceof protobuf.Enum) return `named(types[${place}], r.int32())`;
  return LONGS.has(type) ? `longText(r.${type}())` : `r.${type}()`;
}

function defaultText({ type, resolvedType, typeDefault }: Valued): string {
  if (resolvedType instanceof protobuf.Type) return 'null';
  if (resolvedType instanceof protobuf.Enum) return JSON.stringify(resolvedType.valuesById[Number(typeDefault)]);
  if (LONGS.has(type)) return "'0'";
  return type === 'bytes' ? 'noBytes' : JSON.stringify(typeDefault);
}
