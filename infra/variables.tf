variable "adopt_database" {
  description = "Whether the database exists already and is taken over: left by a deployment that was destroyed, or made by hand. The deploy command finds out."
  type        = bool
  default     = false
  nullable    = false
}

variable "adopt_indexes" {
  description = "Indexes that a database which is taken over has already: their ids, by our names for them. The deploy command finds out."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "alerts" {
  description = "When operators are called, and where: an e-mail address (none: policies exist and open incidents, but tell nobody) and thresholds. Every threshold is explained in README.md."
  type = object({
    email                        = optional(string)
    latency_p95_ms               = optional(number, 2000)
    oldest_operation_seconds     = optional(number, 600)
    reconcile_age_seconds        = optional(number, 300)
    unacknowledged_event_seconds = optional(number, 600)
  })
  default  = {}
  nullable = false
}

variable "also_databases" {
  description = "Ids of further databases that the functions' accounts may use: during a restore the one before or the one after. The deploy command says it."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "artefacts" {
  description = "What the build made: for each function of functions.json the path of its zip from the root of the repository, and the SHA-256 of the zip. The deploy command writes it to .build/artefacts.json."
  type = map(object({
    path   = string
    sha256 = string
  }))

  validation {
    condition     = length(setsubtract(jsondecode(file("${path.module}/generated/functions.json")).functions[*].name, keys(var.artefacts))) == 0
    error_message = "A function of functions.json has no artefact; build again."
  }

  validation {
    condition     = alltrue([for artefact in var.artefacts : can(regex("^[0-9a-f]{64}$", artefact.sha256))])
    error_message = "sha256 is 64 lower-case hex digits."
  }
}

variable "database" {
  description = "The Datastore database: its location (the region, if not said), and whether it keeps seven days of versions to go back to."
  type = object({
    location               = optional(string)
    point_in_time_recovery = optional(bool, true)
  })
  default  = {}
  nullable = false
}

variable "database_id" {
  description = "Id of the Datastore database: (default) for production, compute-api-ENVIRONMENT otherwise, if not said. The deploy command says it, from its option --database-id."
  type        = string
  default     = null
}

variable "domain" {
  description = "A domain name for the API, such as api.example.com: a load balancer with a certificate of Google's and a limit of requests a minute from one address stands before the gateway. Its DNS record must name the output load_balancer_address. None: the gateway's own name, which changes when the gateway is made anew."
  type = object({
    name                         = string
    requests_per_minute_per_addr = optional(number, 1200)
  })
  default = null

  validation {
    condition     = can(regex("^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", try(var.domain.name, "api.example.com")))
    error_message = "It is a domain name in lower-case letters, without a dot at its end."
  }
}

variable "environment" {
  description = "Name of this deployment: the first part of every name, and the value of the label compute-api on its virtual machines. Several can share a project."
  type        = string
  default     = "production"

  validation {
    condition     = can(regex("^[a-z]([-a-z0-9]{1,13})[a-z0-9]$", var.environment))
    error_message = "An environment has 3 to 15 lower-case letters, digits or dashes, and starts with a letter."
  }

  # Alerts match functions by names that begin with production-compute-, production-fleet- and so on, so no part of an
  # environment's name may be the first part of a function's name.
  validation {
    condition = length(setintersection(split("-", var.environment), [
      for entry in jsondecode(file("${path.module}/generated/functions.json")).functions : split("-", entry.name)[0]
    ])) == 0
    error_message = "No part of an environment's name is the first part of a function's name, such as compute."
  }
}

variable "failed_sign_ins_per_minute" {
  description = "Failed sign-ins per address and minute after which further ones are answered 429 instead of 401; a right credential is let in all the same."
  type        = number
  default     = 20

  validation {
    condition     = var.failed_sign_ins_per_minute >= 1 && floor(var.failed_sign_ins_per_minute) == var.failed_sign_ins_per_minute
    error_message = "It is a whole number from 1."
  }
}

variable "forwarded_hops" {
  description = "How many entries of X-Forwarded-For come from proxies between caller and function, the caller's own address included: 2 behind the gateway, 3 with a domain's load balancer in front, if not said. Failed sign-ins are counted by the address that this leads to."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.forwarded_hops, 2) >= 0 && floor(coalesce(var.forwarded_hops, 2)) == coalesce(var.forwarded_hops, 2)
    error_message = "It is a whole number."
  }
}

variable "function_overrides" {
  description = "Settings of single functions that differ from functions.json, by function: memory, requests at a time, and a longer time-out."
  type = map(object({
    concurrency     = optional(number)
    memory_mb       = optional(number)
    timeout_seconds = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.function_overrides), jsondecode(file("${path.module}/generated/functions.json")).functions[*].name)) == 0
    error_message = "A name is no function of functions.json."
  }

  # The deadlines of gateway and code must end before the function's timeout, and Pub/Sub waits for at most 600 s.
  validation {
    condition = alltrue([for entry in jsondecode(file("${path.module}/generated/functions.json")).functions :
      try(coalesce(var.function_overrides[entry.name].timeout_seconds), entry.runtime.timeoutSeconds) >= entry.runtime.timeoutSeconds &&
      try(coalesce(var.function_overrides[entry.name].timeout_seconds), entry.runtime.timeoutSeconds) <= (entry.kind == "push" ? 600 : 3600)
    ])
    error_message = "A time-out is not shorter than the one in functions.json, and at most 600 s where Pub/Sub calls."
  }
}

variable "gateway_region" {
  description = "Region of the gateway, where it is not the one of the functions: API Gateway is offered in fewer regions."
  type        = string
  default     = null
}

variable "instance_id_prefixes" {
  description = "First parts of the ids of instances, which are the names of their virtual machines, by the API family that creates them: tw and inst for production, tw-ENVIRONMENT and inst-ENVIRONMENT otherwise, if not said."
  type = object({
    compute  = optional(string)
    resource = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for prefix in values(var.instance_id_prefixes) : can(regex("^[a-z][-a-z0-9]{0,31}$", coalesce(prefix, "tw")))])
    error_message = "A prefix has 1 to 32 lower-case letters, digits or dashes, and starts with a letter."
  }
}

variable "jwt" {
  description = "Issuer of signed tokens that are accepted beside sessions and keys; none by default."
  type = object({
    audience = string
    issuer   = string
    jwks_uri = string
  })
  default = null
}

variable "log_level" {
  description = "Least severity that functions log. Metrics and alerts are made from lines of severity info, so it cannot be less than that."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["debug", "info"], var.log_level)
    error_message = "It is debug or info."
  }
}

variable "max_instances" {
  description = "Most instances that any function may have, where the project's quota for Cloud Run allows fewer than functions.json asks for; as the functions say, if not said."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.max_instances, 1) >= 1 && floor(coalesce(var.max_instances, 1)) == coalesce(var.max_instances, 1)
    error_message = "It is a whole number, and at least 1."
  }
}

variable "min_instances" {
  description = "Instances that are kept ready, by function; as the functions say, if not said. They are billed while idle."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.min_instances), jsondecode(file("${path.module}/generated/functions.json")).functions[*].name)) == 0
    error_message = "A name is no function of functions.json."
  }

  validation {
    condition     = alltrue([for count in values(var.min_instances) : count >= 0 && floor(count) == count])
    error_message = "They are whole numbers."
  }
}

variable "network" {
  description = "The network for customers' virtual machines: the range of its subnetwork, whether machines without an external address reach the internet (Cloud NAT), and from which addresses those tagged ssh-server may be connected to; from none, if not said; and whether machines of bids reach each other by their private addresses."
  type = object({
    nat          = optional(bool, true)
    range        = optional(string, "10.128.0.0/20")
    ssh_ranges   = optional(set(string), [])
    between_bids = optional(bool, true)
  })
  default  = {}
  nullable = false
}

variable "orphan_kept_days" {
  description = "Days for which a virtual machine that was found without a record is kept, stopped, before it is deleted."
  type        = number
  default     = 7

  validation {
    condition     = var.orphan_kept_days >= 1 && floor(var.orphan_kept_days) == var.orphan_kept_days
    error_message = "It is a whole number, and at least 1."
  }
}

variable "project" {
  description = "Id of the Google Cloud project."
  type        = string

  # Old project ids with a domain (example.com:web) cannot be part of resource names, which contain the id.
  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits or dashes, and starts with a letter."
  }
}

variable "region" {
  description = "Region of functions, topics' storage, database (unless it says otherwise) and the network's first subnetwork."
  type        = string
}

variable "role_id_suffix" {
  description = "End of the custom role's id: another one lets a role be made while the id of a deleted one is blocked, which it is from 7 to 37 days after destroying."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[_a-zA-Z0-9]{0,16}$", var.role_id_suffix))
    error_message = "A suffix has at most 16 letters, digits or underscores."
  }
}

variable "secrets" {
  description = "Secrets that functions read from an environment variable, by secret name: which identities may read it, the variable, and the version in use. Terraform makes the secret, an operator adds its value; until version is set, no function mounts it. None is needed today: keys and sessions are stored hashed, and the keys of signed tokens are public."
  type = map(object({
    identities = set(string)
    variable   = string
    version    = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for secret in var.secrets : length(setsubtract(secret.identities, ["api", "api-compute", "worker", "reconciler"])) == 0])
    error_message = "Identities are api, api-compute, worker and reconciler."
  }
}

variable "sweep" {
  description = "How the sweep compares all machines with all records: about how many machines one slice holds (a platform with a quarter of that is compared in one piece), on how many slices a run works at once, after how many seconds a run stops, to be continued by the next one a minute after it began, and how many runs begin each minute: one has the processor time for about 300,000 machines in five minutes, and runs at the same time divide the slices."
  type = object({
    run_seconds    = optional(number, 50)
    runs_at_once   = optional(number, 1)
    slice_machines = optional(number, 20000)
    slices_at_once = optional(number, 8)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for value in values(var.sweep) : value >= 1 && floor(value) == value])
    error_message = "They are whole numbers, and at least 1."
  }

  validation {
    condition     = var.sweep.run_seconds <= 55
    error_message = "A run ends before the next one begins, a minute after it."
  }
}

variable "ttl_policies" {
  description = "Whether Terraform makes the TTL policies. The deploy command makes them, because the provider was seen to be refused in Datastore mode."
  type        = bool
  default     = false
  nullable    = false
}
