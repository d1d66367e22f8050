export const TAGS = [
  { name: 'Instances', description: 'Create, read and delete virtual machines.' },
  { name: 'Power', description: 'Start, stop, restart and reset them.' },
  { name: 'SSH keys', description: 'Who may log in.' },
  { name: 'Catalogue', description: 'What they can be made from.' },
  { name: 'Operations', description: 'Follow changes that were accepted.' },
  { name: 'Administration', description: 'Instances of all customers, for administrators.' },
  { name: 'Resources', description: 'The resource family: instances as metadata, spec and status.' },
  { name: 'Fleet', description: 'The fleet family: projects, batches, histories of status and price.' },
  { name: 'Volumes', description: 'Block devices that outlive instances.' },
  { name: 'Limits', description: 'What you may use, and what you have used.' },
] as const;
