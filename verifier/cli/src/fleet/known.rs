//! The machines to forecast for.

use cloister_api::v1::ListMachinesRequest;
use cloister_attestation::anchor::Anchors;
use cloister_attestation::forecast::Machine;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::verify;

use super::error::FleetError;
use crate::arguments::{ConnectionArguments, ForecastArguments};
use crate::bundle::Folder;
use crate::operator;

/// Those of the folders, if folders are named; those that the Verifier knows otherwise.
pub(super) fn machines(
    connection: &ConnectionArguments,
    folders: &[Folder],
    anchors: &Anchors,
    now: UnixTime,
) -> Result<Vec<Machine>, FleetError> {
    if folders.is_empty() {
        return of_verifier(connection);
    }
    let of = |folder: &Folder| {
        let verified = verify(folder.evidence.clone(), &folder.endorsements, anchors, now)
            .map_err(|source| FleetError::Verify { name: folder.name.clone(), source })?;
        Ok(Machine::of(&verified, now))
    };
    folders.iter().filter_map(|folder| of(folder).transpose()).collect()
}

fn of_verifier(connection: &ConnectionArguments) -> Result<Vec<Machine>, FleetError> {
    let listed = operator::attempt(connection, async |mut operator| {
        let answer = operator.client.list_machines(ListMachinesRequest {}).await;
        operator.message(answer)
    })?;
    let read = |machine: &cloister_api::v1::Machine| {
        serde_json::from_str(&machine.attested)
            .map_err(|source| FleetError::Machine { machine: machine.id.clone(), source })
    };
    listed.machines.iter().map(read).collect()
}

/// The folders that the command line names.
pub(super) fn folders(options: &ForecastArguments) -> Result<Vec<Folder>, FleetError> {
    options.evidence.iter().map(|path| Folder::read(path).map_err(FleetError::from)).collect()
}
