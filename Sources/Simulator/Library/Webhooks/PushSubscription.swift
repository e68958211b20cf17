/// The one subscription of the application.
struct PushSubscription: Sendable {
    let id: Int
    let callbackURL: String
    let created_s: Int64

    func write(clientID: String, into json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("resource_state", 2)
            $0.field("application_id", Int(clientID) ?? 0)
            $0.field("callback_url", callbackURL)
            $0.field("created_at", CivilTime.iso(created_s))
            $0.field("updated_at", CivilTime.iso(created_s))
        }
    }
}
