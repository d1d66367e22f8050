/** Area of a function: the folder of its file. `compute-instances-create` is in `compute`. */
export function areaOf(name: string): string {
  return name.slice(0, name.indexOf('-'));
}

/** What its file and its contract's file are called: `instances-create`. */
export function restOf(name: string): string {
  return name.slice(name.indexOf('-') + 1);
}

/** What its contract is exported as: `instancesCreate`. */
export function exportOf(name: string): string {
  return restOf(name).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** As a template variable and as an operation id: `compute_instances_create`. */
export function underscored(name: string): string {
  return name.replaceAll('-', '_');
}
