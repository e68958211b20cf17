import ControlAPI
import Foundation
import Hummingbird
import ServiceLifecycle
import Vault

extension ControlRoutes {
    func vault(_ route: ControlRoute) async throws -> Response {
        switch route {
        case .verifyVault: try ControlResponse.json(try await verifyVault())
        case .rotateVault: try ControlResponse.json(try await rotateVault(), status: .accepted)
        default: try ControlResponse.json(try await vaultStatus())
        }
    }

    private func vaultStatus() async throws -> VaultMessage {
        let status = try await dependencies.keeper.status()
        let sealing = status.state.sealingKeyID
        return VaultMessage(
            keyring: status.path, sealingKeyID: sealing, rotating: sealing != nil && status.state.resealedAt == nil,
            remaining: status.state.keys.filter { $0.keyID != sealing }.reduce(0) { $0 + $1.rowCount },
            keys: status.state.keys.map { Self.message($0, status) },
            instances: status.state.instances.map { Self.message($0, answering: status.instance) })
    }

    /// A graceful stop does not wait for the last athlete.
    private func verifyVault() async throws -> VerificationMessage {
        let report = try await cancelWhenGracefulShutdown { try await dependencies.keeper.verify() }
        return VerificationMessage(
            athletes: report.rowCount, values: report.valueCount, opened: report.valueCount - report.unopenedCount,
            unopenedCount: report.unopenedCount, unopened: report.unopened.map(Self.message))
    }

    private func rotateVault() async throws -> RotationMessage {
        do {
            let rotation = try await dependencies.keeper.rotate()
            let instance = try await dependencies.keeper.status().instance
            return RotationMessage(
                keyID: rotation.keyID, keyAdded: rotation.isKeyNew,
                lacking: rotation.lacking.map { Self.message($0, answering: instance) })
        } catch let error as KeyringError where error.code == .notWritable {
            throw ControlRefusal(
                .failed,
                """
                fitnessd can't add a key to \(error.path) (\(error.detail)): run `fitnessd keygen --add \(error.path)` as somebody who may write \
                there, let each fitnessd read its keyring again (it does so every \(Int(KeyringKeeper.interval.components.seconds)) s; a copy that \
                systemd made, only at a restart), and then rotate
                """)
        }
    }

    private static func message(_ key: KeyringState.Key, _ status: KeyringKeeper.Status) -> VaultMessage.Key {
        let state =
            if key.keyID == status.state.sealingKeyID { "sealing" } else if key.retiredAt != nil {
                "retired"
            } else if key.sealingSince == nil
                && key.rowCount == 0
            { "added" } else { "opening" }
        return VaultMessage.Key(
            keyID: key.keyID, state: state, athletes: key.rowCount, inKeyring: status.keyIDs.contains(key.keyID), addedAt: key.addedAt,
            sealingSince: key.sealingSince, retiredAt: key.retiredAt)
    }

    private static func message(_ instance: KeyringState.Instance, answering: UUID) -> VaultMessage.Instance {
        VaultMessage.Instance(
            instance: instance.id.uuidString.lowercased(), host: instance.host, answers: instance.id == answering, keyIDs: instance.keyIDs,
            seenAt: instance.seenAt)
    }

    private static func message(_ unopened: VaultReport.Unopened) -> VerificationMessage.Unopened {
        VerificationMessage.Unopened(
            athleteID: unopened.athlete?.rawValue, value: unopened.value, keyID: unopened.keyID,
            reason: unopened.code == .unknownKey ? "key_missing" : "does_not_open", dead: unopened.isDead)
    }
}
