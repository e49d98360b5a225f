//! WASI preview 1 for core modules: wasmtime-wasi's own, with those calls taken over that write to a
//! directory, open files, or leave; besides, `jobling:task`.

use wasmtime::{AsContextMut as _, Caller, Engine, Extern, Linker};
use wasmtime_wasi::p1;
use wasmtime_wasi::p1::wasi_snapshot_preview1 as wasi;
use wasmtime_wasi::p1::wasi_snapshot_preview1::WasiSnapshotPreview1 as _;
use wiggle::GuestMemory;

use crate::exit::{HostStop, low_byte};
use crate::guest::{Guest, MountId, Refused};
use crate::quota::Charge;

const MODULE: &str = "wasi_snapshot_preview1";

/// The first descriptor of a directory: 0, 1 and 2 are stdio.
pub(crate) const FIRST_DIRECTORY: u32 = 3;

// Numbers of `errno`, as in WASI's typenames.witx.
const SUCCESS: i32 = 0;
const MFILE: i32 = 33;
const NOSPC: i32 = 51;
const XDEV: i32 = 75;
/// `oflags::creat`.
const CREAT: i32 = 1;

/// Returns the linker for all core modules; it is made once and never cloned.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    p1::add_to_linker_async(&mut linker, |guest: &mut Guest| &mut guest.wasi)?;
    linker.allow_shadowing(true);
    writes(&mut linker)?;
    entries(&mut linker)?;
    moves(&mut linker)?;
    descriptors(&mut linker)?;
    // wasmtime-wasi traps on codes from 126 on; a process may leave with any.
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(HostStop::Exit(low_byte(code)).into())
    })?;
    linker.allow_shadowing(false);
    crate::task::add_to_modules(&mut linker)?;
    Ok(linker)
}

/// Calls that write to a file.
fn writes(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "fd_write",
        |mut caller: Caller<'_, Guest>, (fd, iovs, count, written): (i32, i32, i32, i32)| {
            Box::new(async move {
                let (mut memory, guest) = split(&mut caller)?;
                let bytes = first_buffer_bytes(&memory, iovs, count);
                match charge_write(guest, fd, bytes).await? {
                    Err(errno) => Ok(errno),
                    Ok(_charges) => {
                        wasi::fd_write(&mut guest.wasi, &mut memory, fd, iovs, count, written).await
                    }
                }
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "fd_pwrite",
        |mut caller: Caller<'_, Guest>,
         (fd, iovs, count, at, written): (i32, i32, i32, i64, i32)| {
            Box::new(async move {
                let (mut memory, guest) = split(&mut caller)?;
                let bytes = first_buffer_bytes(&memory, iovs, count);
                match charge_write(guest, fd, bytes).await? {
                    Err(errno) => Ok(errno),
                    Ok(_charges) => {
                        let wasi = &mut guest.wasi;
                        wasi::fd_pwrite(wasi, &mut memory, fd, iovs, count, at, written).await
                    }
                }
            })
        },
    )?;
    Ok(())
}

/// Calls that make a directory or a symbolic link.
fn entries(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "path_create_directory",
        |mut caller: Caller<'_, Guest>, (fd, path, length): (i32, i32, i32)| {
            Box::new(async move {
                let (mut memory, guest) = split(&mut caller)?;
                match charge_entry(guest, fd).await? {
                    Err(errno) => Ok(errno),
                    Ok(_charges) => {
                        let wasi = &mut guest.wasi;
                        wasi::path_create_directory(wasi, &mut memory, fd, path, length).await
                    }
                }
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_symlink",
        |mut caller: Caller<'_, Guest>,
         (old, old_length, fd, new, new_length): (i32, i32, i32, i32, i32)| {
            Box::new(async move {
                let (mut memory, guest) = split(&mut caller)?;
                match charge_entry(guest, fd).await? {
                    Err(errno) => Ok(errno),
                    Ok(_charges) => {
                        let wasi = &mut guest.wasi;
                        wasi::path_symlink(wasi, &mut memory, old, old_length, fd, new, new_length)
                            .await
                    }
                }
            })
        },
    )?;
    Ok(())
}

/// Calls that give a file another name.
fn moves(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "path_rename",
        |mut caller: Caller<'_, Guest>,
         (fd, old, old_length, to, new, new_length): (i32, i32, i32, i32, i32, i32)| {
            Box::new(async move {
                let (mut memory, guest) = split(&mut caller)?;
                if crosses_mounts(guest, fd, to) {
                    return Ok(XDEV);
                }
                let wasi = &mut guest.wasi;
                wasi::path_rename(wasi, &mut memory, fd, old, old_length, to, new, new_length).await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_link",
        |mut caller: Caller<'_, Guest>,
         (fd, flags, old, old_length, to, new, new_length): (
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
        )| {
            Box::new(async move {
                let (mut memory, guest) = split(&mut caller)?;
                if crosses_mounts(guest, fd, to) {
                    return Ok(XDEV);
                }
                match charge_entry(guest, to).await? {
                    Err(errno) => Ok(errno),
                    Ok(_charges) => {
                        let (wasi, memory) = (&mut guest.wasi, &mut memory);
                        wasi::path_link(
                            wasi, memory, fd, flags, old, old_length, to, new, new_length,
                        )
                        .await
                    }
                }
            })
        },
    )?;
    Ok(())
}

/// Calls that open, close and renumber descriptors.
fn descriptors(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "path_open",
        |mut caller: Caller<'_, Guest>,
         (fd, lookup, path, length, oflags, rights, inherited, fdflags, opened): (
            i32,
            i32,
            i32,
            i32,
            i32,
            i64,
            i64,
            i32,
            i32,
        )| {
            Box::new(async move {
                let (mut memory, guest) = split(&mut caller)?;
                if !guest.files.may_open() {
                    return Ok(MFILE);
                }
                let _charges = if oflags & CREAT == 0 {
                    Vec::new()
                } else {
                    match charge_entry(guest, fd).await? {
                        Err(errno) => return Ok(errno),
                        Ok(charges) => charges,
                    }
                };
                let errno = wasi::path_open(
                    &mut guest.wasi,
                    &mut memory,
                    fd,
                    lookup,
                    path,
                    length,
                    oflags,
                    rights,
                    inherited,
                    fdflags,
                    opened,
                )
                .await?;
                let mount = guest.files.mount_of(fd.cast_unsigned());
                if let (SUCCESS, Some(mount)) = (errno, mount) {
                    let descriptor =
                        memory.read(wiggle::GuestPtr::<u32>::new(opened.cast_unsigned()))?;
                    guest.files.opened(descriptor, mount);
                }
                Ok(errno)
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "fd_close",
        |mut caller: Caller<'_, Guest>, (fd,): (i32,)| {
            Box::new(async move {
                let (mut memory, guest) = split(&mut caller)?;
                let errno = wasi::fd_close(&mut guest.wasi, &mut memory, fd).await?;
                if errno == SUCCESS {
                    guest.files.closed(fd.cast_unsigned());
                }
                Ok(errno)
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "fd_renumber",
        |mut caller: Caller<'_, Guest>, (fd, to): (i32, i32)| {
            Box::new(async move {
                let (mut memory, guest) = split(&mut caller)?;
                let errno = wasi::fd_renumber(&mut guest.wasi, &mut memory, fd, to).await?;
                if errno == SUCCESS && fd != to {
                    let mount = guest.files.closed(fd.cast_unsigned());
                    guest.files.closed(to.cast_unsigned());
                    if let Some(mount) = mount {
                        guest.files.opened(to.cast_unsigned(), mount);
                    }
                }
                Ok(errno)
            })
        },
    )?;
    Ok(())
}

/// Notes the directories that a guest starts with: preview 1 numbers them in their order.
pub(crate) fn preopened(guest: &mut Guest, mounts: usize) {
    for (descriptor, index) in (FIRST_DIRECTORY..).zip(0..mounts) {
        guest.files.opened(descriptor, MountId(index));
    }
}

/// Returns the guest's memory and the host's state of it, both at once.
fn split<'a>(
    caller: &'a mut Caller<'_, Guest>,
) -> wasmtime::Result<(GuestMemory<'a>, &'a mut Guest)> {
    let fuel = caller.as_context_mut().hostcall_fuel();
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(wasmtime::Error::msg("the module exports no memory, which WASI calls need"));
    };
    let (bytes, guest) = memory.data_and_store_mut(caller);
    guest.wasi.set_hostcall_fuel(fuel);
    Ok((GuestMemory::Unshared(bytes), guest))
}

/// Returns the length of the first buffer that is not empty: only that one is written. What is out of
/// bounds counts as none, since the call itself fails on it.
fn first_buffer_bytes(memory: &GuestMemory<'_>, iovs: i32, count: i32) -> u64 {
    (0..count.cast_unsigned())
        .map_while(|index| {
            let at = iovs.cast_unsigned().checked_add(index.checked_mul(8)?)?.checked_add(4)?;
            memory.read(wiggle::GuestPtr::<u32>::new(at)).ok()
        })
        .find(|length| *length > 0)
        .map_or(0, u64::from)
}

/// Charges a write; the inner error is an errno for the guest, the outer one ends it.
async fn charge_write(
    guest: &mut Guest,
    fd: i32,
    bytes: u64,
) -> wasmtime::Result<Result<Vec<Charge>, i32>> {
    or_errno(guest.files.charge_write(fd.cast_unsigned(), bytes).await)
}

/// Charges a new entry in the directory `fd`; errors as [`charge_write`]'s.
async fn charge_entry(guest: &mut Guest, fd: i32) -> wasmtime::Result<Result<Vec<Charge>, i32>> {
    or_errno(guest.files.charge_entry(fd.cast_unsigned()).await)
}

fn or_errno(charged: Result<Vec<Charge>, Refused>) -> wasmtime::Result<Result<Vec<Charge>, i32>> {
    match charged {
        Ok(charges) => Ok(Ok(charges)),
        Err(Refused::NoSpace) => Ok(Err(NOSPC)),
        Err(Refused::Stop(stop)) => Err(stop.into()),
    }
}

fn crosses_mounts(guest: &Guest, fd: i32, to: i32) -> bool {
    guest.files.mount_of(fd.cast_unsigned()) != guest.files.mount_of(to.cast_unsigned())
}
