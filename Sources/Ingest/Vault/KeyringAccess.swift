import Glibc

/// Who owns a keyring file and who may touch it; decides whether its keys are still secret.
struct KeyringAccess {
    let owner: uid_t
    /// Permission bits.
    let mode: mode_t
    /// The user of this process.
    let user: uid_t
    /// The file lies in the folder that systemd guards for this service. Newer versions give it to root with an access list, whose
    /// mask shows in the group's bits.
    let isCredential: Bool

    var refusal: KeyringError.Code? {
        guard owner == user || owner == 0 else { return .wrongOwner }
        let refused: mode_t = isCredential && owner == 0 ? 0o037 : 0o077
        return mode & refused == 0 ? nil : .wrongPermissions
    }
}
