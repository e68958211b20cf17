import Core

/// Why a keyring file can't be used or created. The description is one sentence that says what to do; it never shows a line of the file.
public struct KeyringError: AdvisedError, CodedError, Equatable {
    public enum Code: String, Sendable {
        case unreadable
        case notAFile = "not_a_file"
        case wrongOwner = "wrong_owner"
        case wrongPermissions = "wrong_permissions"
        case tooLarge = "too_large"
        case malformed
        case duplicate
        case empty
        case exists
        case notWritable = "not_writable"
        case notLockable = "not_lockable"
        /// A key has the name but not the bytes of the one that sealed stored tokens.
        case otherKey = "other_key"
        case opensNothing = "opens_nothing"
        /// The file does not exist, but tokens are stored.
        case missing
        /// No further key fits in.
        case full
        /// The keyring has no key of this name.
        case unknownKey = "unknown_key"
        /// The only key that opens anything can't be retired.
        case lastKey = "last_key"
        /// The file, read anew, lacks a key that is in use.
        case keyLost = "key_lost"
        /// Another key seals all new tokens, and this keyring lacks it.
        case lacksSealingKey = "lacks_sealing_key"
    }

    public let code: Code
    public let path: String
    /// Details: a line number, a key id, the system's message.
    public let detail: String

    init(_ code: Code, path: String, detail: String = "") {
        self.code = code
        self.path = path
        self.detail = detail
    }

    public var retryAdvice: RetryAdvice { .never }

    public var description: String {
        switch code {
        case .unreadable: "the keyring \(path) can't be read (\(detail)): create one with `fitnessd keygen \(path)` or correct the path"
        case .notAFile: "the keyring \(path) is not a regular file: name the file itself"
        case .wrongOwner: "the keyring \(path) belongs to somebody else: run `chown` so that it belongs to the user of fitnessd"
        case .wrongPermissions: "the keyring \(path) can be read or changed by others (mode \(detail)): run `chmod 600 \(path)`"
        case .tooLarge: "the keyring \(path) is larger than \(detail): it must hold one key a line and nothing else"
        case .malformed: "line \(detail) of the keyring \(path) is not `key_id base64-of-32-bytes`: correct or remove it"
        case .duplicate: "line \(detail) of the keyring \(path) repeats a key id: give each key its own name"
        case .empty: "the keyring \(path) holds no key: create one with `fitnessd keygen` under another name"
        case .exists: "\(path) exists and is not replaced: name a new file for the keyring"
        case .notWritable: "the keyring \(path) can't be written (\(detail)): make the folder writable or choose another path"
        case .otherKey:
            """
            the key \(detail) of the keyring \(path) is not the key of that name that sealed the stored tokens: restore the right file \
            from its copy, or set FITNESSD_VAULT_KEY to it
            """
        case .opensNothing:
            """
            the keyring \(path) opens none of the stored tokens, which are sealed with the key \(detail): restore the right file from its copy, or \
            set FITNESSD_VAULT_KEY to it
            """
        case .missing:
            """
            the keyring \(path) does not exist, but stored tokens are sealed with the key \(detail): restore the file from its copy, or set \
            FITNESSD_VAULT_KEY to it; a new one is not created, because it could not open them
            """
        case .full:
            """
            the keyring \(path) holds \(detail) keys already: remove lines of retired keys; connect links and receipts of erasures that were made with \
            them are not recognised any more then
            """
        case .unknownKey: "the keyring \(path) has no key \(detail) that could be retired: look for its name in the file"
        case .lastKey: "\(detail) is the only key of the keyring \(path): add another with `fitnessd keygen --add \(path)` first"
        case .keyLost:
            "the keyring \(path) no longer has the key \(detail), which is in use: put its line back; until then the keys read before are used"
        case .lacksSealingKey:
            """
            the keyring \(path) lacks the key \(detail), with which all tokens are sealed now: copy its line from the keyring of another fitnessd \
            on this database
            """
        case .notLockable:
            """
            the keys can't be locked in memory (\(detail)): raise RLIMIT_MEMLOCK to 64 kB or more (LimitMEMLOCK= in the unit, \
            --ulimit memlock= of the container, `ulimit -l` in a shell) and allow the system call mlock (a seccomp filter may forbid it)
            """
        }
    }
}
