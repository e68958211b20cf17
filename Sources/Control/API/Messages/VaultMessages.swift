import Foundation

/// `GET /v1/vault`: the keys that seal the athletes' tokens, and the running daemons that hold them. No key is ever in it.
public struct VaultMessage: Codable, Sendable, Equatable {
    public struct Key: Codable, Sendable, Equatable {
        public let keyID: String
        /// `sealing`: seals new tokens; `added`: has never sealed; `opening`: opens what it sealed before; `retired`: nothing is sealed with it
        /// any more.
        public let state: String
        /// Athletes whose tokens are sealed with it.
        public let athletes: Int
        /// Whether the keyring of the daemon that answers can open with it.
        public let inKeyring: Bool
        public let addedAt: Date?
        public let sealingSince: Date?
        public let retiredAt: Date?

        public init(
            keyID: String, state: String, athletes: Int, inKeyring: Bool, addedAt: Date?, sealingSince: Date?, retiredAt: Date?
        ) {
            self.keyID = keyID
            self.state = state
            self.athletes = athletes
            self.inKeyring = inKeyring
            self.addedAt = addedAt
            self.sealingSince = sealingSince
            self.retiredAt = retiredAt
        }

        enum CodingKeys: String, CodingKey {
            case state, athletes
            case keyID = "key_id"
            case inKeyring = "in_keyring"
            case addedAt = "added_at"
            case sealingSince = "sealing_since"
            case retiredAt = "retired_at"
        }
    }

    /// A running `fitnessd` on the same database.
    public struct Instance: Codable, Sendable, Equatable {
        public let instance: String
        public let host: String
        /// It is the one that answers.
        public let answers: Bool
        public let keyIDs: [String]
        public let seenAt: Date

        public init(instance: String, host: String, answers: Bool, keyIDs: [String], seenAt: Date) {
            self.instance = instance
            self.host = host
            self.answers = answers
            self.keyIDs = keyIDs
            self.seenAt = seenAt
        }

        enum CodingKeys: String, CodingKey {
            case instance, host, answers
            case keyIDs = "key_ids"
            case seenAt = "seen_at"
        }
    }

    /// The keyring file of the daemon that answers.
    public let keyring: String
    public let sealingKeyID: String?
    /// A rotation is under way: tokens under other keys are being resealed.
    public let rotating: Bool
    /// Athletes whose tokens lie under another key than the one that seals.
    public let remaining: Int
    public let keys: [Key]
    public let instances: [Instance]

    public init(keyring: String, sealingKeyID: String?, rotating: Bool, remaining: Int, keys: [Key], instances: [Instance]) {
        self.keyring = keyring
        self.sealingKeyID = sealingKeyID
        self.rotating = rotating
        self.remaining = remaining
        self.keys = keys
        self.instances = instances
    }

    enum CodingKeys: String, CodingKey {
        case keyring, rotating, remaining, keys, instances
        case sealingKeyID = "sealing_key_id"
    }
}

/// `POST /v1/vault/rotate`: what the request began. With `lacking`, the key does not seal yet.
public struct RotationMessage: Codable, Sendable, Equatable {
    public let keyID: String
    /// The key was made by this request.
    public let keyAdded: Bool
    /// The running daemons that lack the key.
    public let lacking: [VaultMessage.Instance]

    public init(keyID: String, keyAdded: Bool, lacking: [VaultMessage.Instance]) {
        self.keyID = keyID
        self.keyAdded = keyAdded
        self.lacking = lacking
    }

    enum CodingKeys: String, CodingKey {
        case lacking
        case keyID = "key_id"
        case keyAdded = "key_added"
    }
}

/// `GET /v1/vault/verify`: whether every sealed value opens.
public struct VerificationMessage: Codable, Sendable, Equatable {
    /// A sealed value that does not open.
    public struct Unopened: Codable, Sendable, Equatable {
        /// Absent: the athlete was erased.
        public let athleteID: Int64?
        /// `access_token`, `refresh_token`, `held_grant` of a person who is asked whether a uid may move, or `kept_token` of an erased athlete,
        /// which is to be revoked.
        public let value: String
        public let keyID: String
        /// `key_missing`: the keyring lacks the key; `does_not_open`: the bytes were changed, or the key is another one of the same name.
        public let reason: String
        /// Strava no longer takes the token: the athlete must connect again in any case.
        public let dead: Bool

        public init(athleteID: Int64?, value: String, keyID: String, reason: String, dead: Bool) {
            self.athleteID = athleteID
            self.value = value
            self.keyID = keyID
            self.reason = reason
            self.dead = dead
        }

        enum CodingKeys: String, CodingKey {
            case value, reason, dead
            case athleteID = "athlete_id"
            case keyID = "key_id"
        }
    }

    public let athletes: Int
    public let values: Int
    public let opened: Int
    /// All that do not open; `unopened` names 10,000 of them at most.
    public let unopenedCount: Int
    public let unopened: [Unopened]

    public init(athletes: Int, values: Int, opened: Int, unopenedCount: Int, unopened: [Unopened]) {
        self.athletes = athletes
        self.values = values
        self.opened = opened
        self.unopenedCount = unopenedCount
        self.unopened = unopened
    }

    enum CodingKeys: String, CodingKey {
        case athletes, values, opened, unopened
        case unopenedCount = "unopened_count"
    }
}
