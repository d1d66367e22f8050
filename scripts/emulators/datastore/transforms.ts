import { parsePath, valueAt, withValueAt } from './property-paths.ts';
import { invalidArgument } from './status-error.ts';
import { encodeValue } from './values.ts';
import type { WireProperties, WireTransform, WireValue } from './wire.ts';
import { timestampOf, toBigInt, toLong } from './wire.ts';

const TRANSFORMS_MAX = 500;
const INT64_MAX = (1n << 63n) - 1n;
const INT64_MIN = -(1n << 63n);

const NULL: WireValue = { valueType: 'nullValue', nullValue: 0 };

export interface Transformed {
  readonly properties: WireProperties;
  readonly results: readonly WireValue[];
}

/** Applies transforms in order to the properties that the write results in. */
export function applyTransforms(
  properties: WireProperties,
  transforms: readonly WireTransform[],
  nowMs: number,
): Transformed {
  if (transforms.length > TRANSFORMS_MAX) {
    throw invalidArgument(`A mutation has more than ${TRANSFORMS_MAX} property transforms.`);
  }
  let current = properties;
  const results: WireValue[] = [];
  for (const transform of transforms) {
    const path = parsePath(transform.property);
    const { value, result } = transformed(valueAt(current, path), transform, nowMs);
    current = withValueAt(current, path, value);
    results.push(result ?? value);
  }
  return { properties: current, results };
}

function transformed(
  current: WireValue | undefined,
  transform: WireTransform,
  nowMs: number,
): { readonly value: WireValue; readonly result?: WireValue } {
  switch (transform.transformType) {
    case 'setToServerValue':
      return { value: { valueType: 'timestampValue', timestampValue: timestampOf(Math.floor(nowMs) * 1000) } };
    case 'increment':
      return { value: sum(current, numberOf(transform.increment)) };
    case 'maximum':
      return { value: extreme(current, numberOf(transform.maximum), 1) };
    case 'minimum':
      return { value: extreme(current, numberOf(transform.minimum), -1) };
    case 'appendMissingElements': {
      const values = [...elementsOf(current)];
      for (const element of transform.appendMissingElements?.values ?? []) {
        if (!values.some((value) => isEquivalent(value, element))) values.push(element);
      }
      return { value: arrayOf(values, current), result: NULL };
    }
    case 'removeAllFromArray': {
      const removed = transform.removeAllFromArray?.values ?? [];
      const values = elementsOf(current).filter((value) => !removed.some((other) => isEquivalent(value, other)));
      return { value: arrayOf(values, current), result: NULL };
    }
    default:
      throw invalidArgument(`The transform of property "${transform.property}" has no type.`);
  }
}

type NumberValue = Extract<WireValue, { valueType: 'integerValue' | 'doubleValue' }>;

function isNumber(value: WireValue | undefined): value is NumberValue {
  return value?.valueType === 'integerValue' || value?.valueType === 'doubleValue';
}

function numberOf(value: WireValue | null | undefined): NumberValue {
  if (!isNumber(value ?? undefined)) throw invalidArgument('The operand of the transform must be a number.');
  return value as NumberValue;
}

function toNumber(value: NumberValue): number {
  return value.valueType === 'doubleValue' ? value.doubleValue : Number(toBigInt(value.integerValue));
}

function flagsOf(value: WireValue | undefined): { readonly excludeFromIndexes?: boolean } {
  return value?.excludeFromIndexes === true ? { excludeFromIndexes: true } : {};
}

function sum(current: WireValue | undefined, operand: NumberValue): WireValue {
  if (!isNumber(current)) return operand;
  if (current.valueType === 'integerValue' && operand.valueType === 'integerValue') {
    const exact = toBigInt(current.integerValue) + toBigInt(operand.integerValue);
    const held = exact > INT64_MAX ? INT64_MAX : exact < INT64_MIN ? INT64_MIN : exact;
    return { valueType: 'integerValue', integerValue: toLong(held), ...flagsOf(current) };
  }
  return { valueType: 'doubleValue', doubleValue: toNumber(current) + toNumber(operand), ...flagsOf(current) };
}

/**
 * Returns the greater value (`sign` 1) or the lesser (`sign` -1); of equal ones the stored one. NaN is preferred to any
 * number.
 */
function extreme(current: WireValue | undefined, operand: NumberValue, sign: 1 | -1): WireValue {
  if (!isNumber(current) || Number.isNaN(toNumber(operand))) return operand;
  if (Number.isNaN(toNumber(current))) return current;
  return compareNumbers(operand, current) * sign > 0 ? operand : current;
}

function compareNumbers(a: NumberValue, b: NumberValue): number {
  if (a.valueType === 'integerValue' && b.valueType === 'integerValue') {
    const [left, right] = [toBigInt(a.integerValue), toBigInt(b.integerValue)];
    return left < right ? -1 : Number(left > right);
  }
  // JavaScript compares a bigint with a number exactly, even above 2^53.
  const left = a.valueType === 'integerValue' ? toBigInt(a.integerValue) : a.doubleValue;
  const right = b.valueType === 'integerValue' ? toBigInt(b.integerValue) : b.doubleValue;
  return left < right ? -1 : Number(left > right);
}

function elementsOf(value: WireValue | undefined): readonly WireValue[] {
  return value?.valueType === 'arrayValue' ? value.arrayValue.values : [];
}

function arrayOf(values: readonly WireValue[], current: WireValue | undefined): WireValue {
  return { valueType: 'arrayValue', arrayValue: { values }, ...flagsOf(current) };
}

/** Whether two array elements count as the same: 3 and 3.0 do, and so do two NaN. */
function isEquivalent(a: WireValue, b: WireValue): boolean {
  if (isNumber(a) && isNumber(b)) {
    return (Number.isNaN(toNumber(a)) && Number.isNaN(toNumber(b))) || compareNumbers(a, b) === 0;
  }
  if (a.valueType !== b.valueType) return false;
  const [left, right] = [encodeValue(a, undefined), encodeValue(b, undefined)];
  if (left !== undefined && right !== undefined) return left.equals(right);
  return JSON.stringify(a) === JSON.stringify(b);
}
