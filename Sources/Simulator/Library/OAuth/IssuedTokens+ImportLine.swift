extension IssuedTokens {
    /// One line of the file that `fitnessctl athletes import` reads.
    public func importLine(uid: String) -> String {
        let bytes = JSONWriter.object { json in
            json.field("uid", uid)
            json.field("athlete_id", athlete.rawValue)
            json.field("access_token", accessToken)
            json.field("refresh_token", refreshToken)
            json.field("expires_at", expiresAt.epoch_s)
            json.field("scope", scopes.text)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
