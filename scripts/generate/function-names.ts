/** Returns a function's area, the folder of its file: `compute` for `compute-instances-create`. */
export function areaOf(name: string): string {
  return name.slice(0, name.indexOf('-'));
}

/** Returns the name of the function's file and of its contract's file: `instances-create`. */
export function restOf(name: string): string {
  return name.slice(name.indexOf('-') + 1);
}

/** Returns the export name of the function's contract: `instancesCreate`. */
export function exportOf(name: string): string {
  return restOf(name).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Returns the name as a template variable and operation id: `compute_instances_create`. */
export function underscored(name: string): string {
  return name.replaceAll('-', '_');
}
