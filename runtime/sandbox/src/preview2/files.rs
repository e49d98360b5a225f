//! The file system of components: every descriptor is known to belong to a mount, every write and every
//! new entry is charged to the mount's quotas, and nothing moves from one mount to another.

use wasmtime::Result;
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::filesystem::{WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, Filesize, Host, HostDescriptor, HostDirectoryEntryStream,
    MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::stream::ChargedStream;
use crate::guest::{Files, Guest, MountId, Refused};
use crate::quota::Charge;

pub(super) struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = ChargedFiles<'a>;
}

/// wasmtime-wasi's file system and what its descriptors are charged to.
pub(super) struct ChargedFiles<'a> {
    files: &'a mut Files,
    inner: WasiFilesystemCtxView<'a>,
}

pub(super) fn files(guest: &mut Guest) -> ChargedFiles<'_> {
    ChargedFiles { files: &mut guest.files, inner: guest.wasi.filesystem() }
}

impl ChargedFiles<'_> {
    async fn charge_write(
        &mut self,
        fd: &Resource<Descriptor>,
        bytes: u64,
    ) -> FsResult<Vec<Charge>> {
        self.files.charge_write(fd.rep(), bytes).await.map_err(refusal)
    }

    async fn charge_entry(&mut self, fd: &Resource<Descriptor>) -> FsResult<Vec<Charge>> {
        self.files.charge_entry(fd.rep()).await.map_err(refusal)
    }

    /// Refuses what would move a file from one mount to another.
    fn within_one_mount(&self, a: &Resource<Descriptor>, b: &Resource<Descriptor>) -> FsResult<()> {
        if self.files.mount_of(a.rep()) == self.files.mount_of(b.rep()) {
            return Ok(());
        }
        Err(ErrorCode::CrossDevice.into())
    }

    /// Wraps a stream into the file `fd`, so that what goes through it is charged.
    fn charged(
        &mut self,
        fd: &Resource<Descriptor>,
        stream: Resource<DynOutputStream>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let quotas = self.files.quotas_of(fd.rep());
        if quotas.is_empty() {
            return Ok(stream);
        }
        let inner = self.inner.table.delete(stream)?;
        let charged: DynOutputStream = Box::new(ChargedStream::new(inner, quotas));
        Ok(self.inner.table.push(charged)?)
    }
}

fn refusal(refused: Refused) -> FsError {
    match refused {
        Refused::NoSpace => ErrorCode::InsufficientSpace.into(),
        Refused::Stop(stop) => FsError::trap(wasmtime::Error::from(stop)),
    }
}

impl preopens::Host for ChargedFiles<'_> {
    fn get_directories(&mut self) -> Result<Vec<(Resource<Descriptor>, String)>> {
        let directories = self.inner.get_directories()?;
        for (index, (descriptor, _)) in directories.iter().enumerate() {
            self.files.opened(descriptor.rep(), MountId(index));
        }
        Ok(directories)
    }
}

impl Host for ChargedFiles<'_> {
    fn convert_error_code(&mut self, error: FsError) -> Result<ErrorCode> {
        self.inner.convert_error_code(error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> Result<Option<ErrorCode>> {
        self.inner.filesystem_error_code(error)
    }
}

impl HostDirectoryEntryStream for ChargedFiles<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        self.inner.read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> Result<()> {
        HostDirectoryEntryStream::drop(&mut self.inner, stream)
    }
}

impl HostDescriptor for ChargedFiles<'_> {
    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: Filesize,
    ) -> FsResult<Filesize> {
        let _charges = self.charge_write(&fd, bytes.len() as u64).await?;
        self.inner.write(fd, bytes, offset).await
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.inner.write_via_stream(Resource::new_borrow(fd.rep()), offset)?;
        self.charged(&fd, stream)
    }

    fn append_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.inner.append_via_stream(Resource::new_borrow(fd.rep()))?;
        self.charged(&fd, stream)
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let mount = self.files.mount_of(fd.rep());
        if !self.files.may_open() {
            return Err(ErrorCode::InsufficientMemory.into());
        }
        let _charges = if open.contains(OpenFlags::CREATE) {
            self.charge_entry(&fd).await?
        } else {
            Vec::new()
        };
        let opened = self.inner.open_at(fd, path_flags, path, open, flags).await?;
        if let Some(mount) = mount {
            self.files.opened(opened.rep(), mount);
        }
        Ok(opened)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> Result<()> {
        self.files.closed(fd.rep());
        HostDescriptor::drop(&mut self.inner, fd)
    }

    async fn create_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let _charges = self.charge_entry(&fd).await?;
        self.inner.create_directory_at(fd, path).await
    }

    async fn symlink_at(
        &mut self,
        fd: Resource<Descriptor>,
        target: String,
        path: String,
    ) -> FsResult<()> {
        let _charges = self.charge_entry(&fd).await?;
        self.inner.symlink_at(fd, target, path).await
    }

    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_flags: PathFlags,
        old_path: String,
        to: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.within_one_mount(&fd, &to)?;
        let _charges = self.charge_entry(&to).await?;
        self.inner.link_at(fd, old_flags, old_path, to, new_path).await
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        to: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.within_one_mount(&fd, &to)?;
        self.inner.rename_at(fd, old_path, to, new_path).await
    }

    // From here on: nothing is written that could fill a disk.

    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
        length: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        self.inner.advise(fd, offset, length, advice).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.inner.sync_data(fd).await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.inner.sync(fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        self.inner.get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        self.inner.get_type(fd).await
    }

    // A file that grows this way is sparse: its new blocks are charged when they are written.
    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        self.inner.set_size(fd, size).await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.inner.set_times(fd, accessed, modified).await
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        self.inner.read(fd, length, offset).await
    }

    async fn read_directory(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        self.inner.read_directory(fd).await
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        self.inner.stat(fd).await
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        self.inner.stat_at(fd, flags, path).await
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.inner.set_times_at(fd, flags, path, accessed, modified).await
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.inner.readlink_at(fd, path).await
    }

    async fn remove_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.inner.remove_directory_at(fd, path).await
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.inner.unlink_file_at(fd, path).await
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        self.inner.read_via_stream(fd, offset)
    }

    async fn is_same_object(
        &mut self,
        a: Resource<Descriptor>,
        b: Resource<Descriptor>,
    ) -> Result<bool> {
        self.inner.is_same_object(a, b).await
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        self.inner.metadata_hash(fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        self.inner.metadata_hash_at(fd, flags, path).await
    }
}
