@echo off
rem Starts the command line on a JDK 25 or newer, which it finds by itself: JAVA_HOME unless that is older, then java on the
rem PATH, then the usual folders. Exits with 4 if there is none.
setlocal EnableExtensions DisableDelayedExpansion
set "QS_JAVA="
if defined JAVA_HOME call :consider "%JAVA_HOME%"
if not defined QS_JAVA for %%J in (java.exe) do if not "%%~$PATH:J"=="" call :consider "%%~dp$PATH:J.."
if not defined QS_JAVA for %%V in ("%ProgramFiles%\Java" "%ProgramFiles%\Eclipse Adoptium" "%ProgramFiles%\Microsoft" "%ProgramFiles%\Zulu" "%ProgramFiles%\Amazon Corretto" "%ProgramFiles%\BellSoft" "%LOCALAPPDATA%\Programs\Eclipse Adoptium" "%USERPROFILE%\.jdks") do for /d %%J in ("%%~V\*") do call :consider "%%~J"
if not defined QS_JAVA (
    echo quantscope: a JDK 25 or newer is needed and none was found; install one or set JAVA_HOME to it 1>&2
    exit /b 4
)
"%QS_JAVA%" -XX:+UseSerialGC -XX:MaxNewSize=128m -Xshare:auto ${jvm.flags} %QUANTSCOPE_JAVA_OPTS% -cp "%~dp0..\lib\*" org.quantscope.cli.Main %*
exit /b %ERRORLEVEL%

:consider
if defined QS_JAVA goto :eof
if not exist "%~1\bin\java.exe" goto :eof
if not exist "%~1\release" goto :eof
set "QS_VERSION="
for /f "usebackq tokens=2 delims==." %%A in (`findstr /b "JAVA_VERSION=" "%~1\release"`) do if not defined QS_VERSION set "QS_VERSION=%%~A"
set QS_VERSION=%QS_VERSION:"=%
if not defined QS_VERSION goto :eof
if %QS_VERSION% GEQ 25 set "QS_JAVA=%~1\bin\java.exe"
goto :eof
